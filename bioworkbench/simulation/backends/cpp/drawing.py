"""Random numbers of a block of neurons, drawn before the loop over its neurons instead of in it, so that the loop is one of vectors."""

import ast
from typing import Any

from brian2.codegen.generators.cpp_generator import CPPCodeGenerator, c_data_type
from brian2.core.preferences import prefs
from brian2.parsing.rendering import CPPNodeRenderer
from brian2.utils.stringtools import word_substitute

__all__ = ["DrawingGenerator"]

_KINDS = {"_randn": "normals", "_rand": "uniforms"}
_BY_BLOCK = ("stateupdate", "threshold")  # templates that go through neurons block by block


class _DrawnBefore(CPPNodeRenderer):
    """Writes each call of a random number as an item of an array, and lists what the arrays are to be filled with."""

    def __init__(self, drawn: list[str], auto_vectorise: set[str]) -> None:
        super().__init__(auto_vectorise=auto_vectorise)
        self._drawn = drawn

    def render_Call(self, node: ast.Call) -> str:  # noqa: N802  Brian2 calls it by this name
        """Text of a call.

        Parameters
        ----------
        node : ast.Call

        Returns
        -------
        str
        """
        kind = _KINDS.get(getattr(node.func, "id", ""))
        if kind is None:
            return super().render_Call(node)
        # one array for each call in the text, in its order: two calls of rand() are two numbers
        self._drawn.append(kind)
        return f"_drawn_{len(self._drawn) - 1}[_vectorisation_idx - _first]"


class DrawingGenerator(CPPCodeGenerator):
    """Brian2's generator of C++; the template ``drawn.cpp`` draws what statements of single neurons use."""

    _drawn: list[str]  # kinds of the numbers, in the order of their arrays
    _draws_before = False

    def translate_statement_sequence(self, sc_statements: Any, ve_statements: Any) -> Any:
        """Brian2's loops, and what is to be drawn before them.

        Parameters
        ----------
        sc_statements, ve_statements : dict
            By block: statements done once, and those done for each neuron or synapse.

        Returns
        -------
        (dict, dict, dict)
            Code of both by block, and what else the template gets.
        """
        self._drawn = []
        scalar, vector, keywords = super().translate_statement_sequence(sc_statements, ve_statements)
        return scalar, vector, {**keywords, "drawn": self._drawn, "real": c_data_type(prefs["core.default_float_dtype"])}

    def translate_statement(self, statement: Any) -> str:
        """Brian2's text of a statement; what is done once draws as it goes.

        Parameters
        ----------
        statement : Statement

        Returns
        -------
        str
        """
        # only loops over neurons come block by block; what is done once, or by spike, draws where it stands
        self._draws_before = not statement.scalar and self.template_name in _BY_BLOCK
        return super().translate_statement(statement)

    def translate_expression(self, expr: str) -> str:
        """Brian2's text of an expression.

        Parameters
        ----------
        expr : str

        Returns
        -------
        str
        """
        if not self._draws_before:
            return super().translate_expression(expr)
        renderer = _DrawnBefore(self._drawn, self.auto_vectorise)
        return renderer.render_expr(word_substitute(expr, self.func_name_replacements)).strip()
