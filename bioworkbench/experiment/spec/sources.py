"""What the tables of `kinds` hold, read from the source of the package without importing it.

To import every method, task and readout takes Brian2, JAX, scikit-learn and numba, which is seconds; a list of their names and of
what they are is a matter of reading.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from bioworkbench.experiment.spec.kinds import HOMES
from bioworkbench.records.docstrings import first_sentence
from bioworkbench.records.functions import shared

__all__ = ["names_in_sentences", "names_of_kind"]

_PACKAGE = Path(__file__).parents[2]


def names_of_kind(kind: str) -> list[str]:
    """Names of a kind, in the order of its table.

    Parameters
    ----------
    kind : str
        One of `kinds.HOMES`.

    Returns
    -------
    list of str

    Examples
    --------
    >>> "bernoulli" in names_of_kind("topologies")
    True
    """
    own = _targets(kind)
    return [*own, *(name for name in shared(kind) if name not in own)]


def names_in_sentences(kind: str) -> dict[str, str]:
    """Names of a kind, and the first sentence of what each is.

    Parameters
    ----------
    kind : str
        One of `kinds.HOMES`.

    Returns
    -------
    dict
    """
    own = {name: first_sentence(_docstring(*target)) for name, target in _targets(kind).items()}
    return {name: f"shared by {entry.module.partition('.')[0]}" for name, entry in shared(kind).items()} | own


def _targets(kind: str) -> Mapping[str, tuple[str, str]]:
    """Module and function behind every name of a kind."""
    module, _, table = HOMES[kind].partition(":")
    return _table(module, table)


def _table(module: str, table: str) -> dict[str, tuple[str, str]]:
    """As `_targets`, for a table of a module; tables that are unpacked into it (``**OTHER``) are followed."""
    tree = _tree(module)
    literal = next(
        found
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and table in _assigned(node)
        for found in _literals(node)
    )
    found: dict[str, tuple[str, str]] = {}
    for key, value in zip(literal.keys, literal.values, strict=True):
        target = _target(module, tree, value)
        found |= _table(*target) if key is None else {ast.literal_eval(key): target}
    return found


def _assigned(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _literals(node: ast.AST) -> Iterator[ast.Dict]:
    return (found for found in ast.walk(node) if isinstance(found, ast.Dict))


def _target(module: str, tree: ast.Module, value: ast.expr) -> tuple[str, str]:
    """Module and name of a value of the table: written as ``"module:name"``, imported, or defined beside it."""
    if isinstance(value, ast.Constant):
        home, _, name = str(value.value).partition(":")
        return home, name
    name = ast.unparse(value).removesuffix(".data")  # of a table whose targets are taken over
    for node in tree.body:
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and (real := next((alias.name for alias in node.names if name in (alias.asname, alias.name)), ""))
        ):
            return node.module, real
    return module, name


def _docstring(module: str, name: str) -> str:
    for node in _tree(module).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
    return ""


@cache
def _tree(module: str) -> ast.Module:
    path = _PACKAGE.joinpath(*module.split(".")[1:])
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(source.read_text(encoding="utf-8"))
