"""Brian2's NumPy target, with statements that only copy a variable fixed.

Brian2 translates ``before = v`` to an assignment of Python, so that both names are one array, and the next statement, ``v += 1``, changes
both. Other targets copy numbers.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from brian2.codegen.generators.numpy_generator import NumpyCodeGenerator
from brian2.codegen.runtime.numpy_rt.numpy_rt import NumpyCodeObject
from brian2.codegen.statements import Statement

__all__ = ["copies_of_variables"]


class _Generator(NumpyCodeGenerator):
    def translate_statement(self, statement: Statement) -> str:
        code = super().translate_statement(statement)
        var, assigned, copied = code.partition(" = ")
        if not assigned or not copied.isidentifier():
            return code
        return f"{var} = {copied}.copy() if isinstance({copied}, _numpy.ndarray) else {copied}"


@contextmanager
def copies_of_variables() -> Iterator[None]:
    """Have the NumPy target copy inside; scripts of others, before and after, find it as Brian2 made it."""
    before = (
        NumpyCodeObject.generator_class
    )  # in place: Brian2 looks for this very class of code objects, so ours cannot be a child
    NumpyCodeObject.generator_class = _Generator
    try:
        yield
    finally:
        NumpyCodeObject.generator_class = before
