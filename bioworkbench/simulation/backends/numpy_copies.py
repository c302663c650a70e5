"""Brian2's NumPy target, with statements that only copy a variable fixed.

Brian2 translates ``before = v`` to an assignment of Python, so that both names are one array, and the next statement, ``v += 1``, changes
both. Other targets copy numbers.
"""

from brian2.codegen.generators.numpy_generator import NumpyCodeGenerator
from brian2.codegen.runtime.numpy_rt.numpy_rt import NumpyCodeObject
from brian2.codegen.statements import Statement
from brian2.codegen.targets import codegen_targets

__all__ = ["NumpyOfCopies"]


class _Generator(NumpyCodeGenerator):
    def translate_statement(self, statement: Statement) -> str:
        code = super().translate_statement(statement)
        var, assigned, copied = code.partition(" = ")
        if not assigned or not copied.isidentifier():
            return code
        return f"{var} = {copied}.copy() if isinstance({copied}, _numpy.ndarray) else {copied}"


class NumpyOfCopies(NumpyCodeObject):
    """Code object of the NumPy target whose statements copy."""

    generator_class = _Generator
    class_name = "numpy_of_copies"


codegen_targets.add(NumpyOfCopies)  # where preferences look for names
