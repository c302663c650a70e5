"""Numbers of the house: how large things are, how deep imports go, what is documented.

``python -m tests.house`` prints them beside their limits; ``python -m tests.house --tighten`` writes today's numbers as the new limits
where they are better. Limits are never loosened.
"""

import ast
import json
import statistics
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

LISTS = (
    "neurons/",
    "commands/",
    "sklearn.py",
)  # constants of models, options of commands, and what scikit-learn asks of an estimator
ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "bioworkbench"
LIMITS = ROOT / "tests" / "house_limits.json"
AT_LEAST = {
    *("parameters described", "Returns described", "messages with the value", "comments, hard code"),
    *("test lines per source line", "the same of lines with code"),
}
HARD = (
    *("simulation/backends/cpp/*.py", "simulation/backends/cpp/engine/*", "simulation/backends/cpp/templates/*"),
    *("topology/prediction/*kernels.py", "topology/prediction/running_best.py", "convex/*.py"),
    *("records/lanes.py", "records/normals.py", "records/quantiles.py", "records/drawn.py"),
)


def place(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """All nodes of a tree; the tests look at each many times."""
    return tuple(ast.walk(tree))


@cache
def executed(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Import statements that a module runs; what stands under ``if TYPE_CHECKING`` is for type checkers alone."""
    guards = [n for n in nodes(tree) if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    typing = {inner for guard in guards for inner in ast.walk(guard)}
    return tuple(node for node in nodes(tree) if isinstance(node, ast.Import | ast.ImportFrom) and node not in typing)


@cache
def imports(tree: ast.AST) -> list[str]:
    """Modules that a module imports when it runs."""
    found: list[str] = []
    for node in executed(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


def imported_modules(tree: ast.AST, names: Mapping[str, ast.AST]) -> set[str]:
    """Modules of the package that a module imports itself: ``from a import b`` is a.b where that is a module, else a."""
    found = set()
    for node in executed(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bioworkbench"):
            parts = [f"{node.module}.{alias.name}".removeprefix("bioworkbench.") for alias in node.names]
            found |= {part if part in names else part.rpartition(".")[0] for part in parts}
    return found & set(names)


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in nodes(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def parameters(function: ast.FunctionDef) -> list[str]:
    """Names of all parameters, `self` and `cls` left out."""
    own = function.args
    every = [*own.posonlyargs, *own.args, *own.kwonlyargs, *filter(None, (own.vararg, own.kwarg))]
    return [a.arg for a in every if a.arg not in ("self", "cls")]


def code_lines(function: ast.FunctionDef) -> int:
    """Lines with code: neither blank, comment nor docstring."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
        body = body[1:]
    lines: set[int] = set()
    for statement in body:
        lines |= {node.lineno for node in ast.walk(statement) if hasattr(node, "lineno")}
    return len(lines)


def lines_of_code(tree: ast.Module) -> int:
    """Lines of a module on which something begins that is neither comment nor docstring."""
    texts = [
        n for n in nodes(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant) and isinstance(n.value.value, str)
    ]
    left_out = {inner for text in texts for inner in (text, text.value)}
    return len({n.lineno for n in nodes(tree) if hasattr(n, "lineno") and n not in left_out})


def nesting(node: ast.AST, level: int = 0) -> int:
    """Deepest nesting of blocks; `elif` and `with` do not count, nested functions start again."""
    deepest = level
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            continue
        block = isinstance(child, ast.For | ast.While | ast.If | ast.Try)
        elif_ = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, nesting(child, level + (block and not elif_)))
    return deepest


def percentile(values: list[int], fraction: float) -> int:
    return sorted(values)[int(fraction * (len(values) - 1))]


def documented(tree: ast.AST) -> Iterator[tuple[str, str, ast.FunctionDef]]:
    """Name, docstring and signature of every public function and method, and of records by their fields."""
    for node in getattr(tree, "body", []):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name, ast.get_docstring(node) or "", node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                    yield f"{node.name}.{method.name}", ast.get_docstring(method) or "", method


def describes(docstring: str, name: str) -> bool:
    """Whether a numpydoc section has an entry for a parameter: its name before a colon, perhaps beside others."""
    for line in docstring.splitlines():
        names = line.split(" :")[0]
        if names.replace("*", "").replace(" ", "").split(",").count(name):
            return True
    return f"`{name}`" in docstring.split("\n")[0]


def undescribed() -> list[str]:
    """Functions with more than one parameter that leave one undescribed, as ``place:function (names)``."""
    found = []
    for path, tree in trees().items():
        for name, docstring, function in documented(tree):
            missing = [p for p in parameters(function) if not describes(docstring, p)]
            if missing:
                found.append(f"{place(path)}:{name} ({', '.join(missing)})")
    return found


def without_returns() -> list[str]:
    """Functions that return something and do not say what, as ``place:function``."""
    public = [(place(path), *entry) for path, tree in trees().items() for entry in documented(tree)]
    return [f"{where}:{name}" for where, name, doc, f in public if returns_something(f) and not says_what_it_returns(doc)]


def returns_something(function: ast.FunctionDef) -> bool:
    decorators = {ast.unparse(d).split("(")[0].split(".")[-1] for d in function.decorator_list}
    if decorators & {"property", "cached_property", "contextmanager"}:
        return False
    return function.returns is not None and ast.unparse(function.returns) not in ("None", "NoReturn", "'None'")


def says_what_it_returns(docstring: str) -> bool:
    """A Returns or Yields section, or a one-line docstring, which is a noun for what comes back."""
    return any(section in docstring for section in ("Returns\n---", "Yields\n---")) or len(docstring.splitlines()) == 1


def import_depth() -> int:
    """Longest chain of imports between modules of the package."""
    names = {place(p).removesuffix(".py").replace("/", ".").removesuffix(".__init__"): t for p, t in trees().items()}
    edges = {own: imported_modules(tree, names) - {own} for own, tree in names.items()}

    @cache
    def depth(name: str) -> int:
        return 1 + max((depth(other) for other in edges[name] if names[other].body), default=0)

    return max(depth(name) for name in names)


def messages() -> tuple[int, int]:
    """Raised errors with words, and how many of them carry a value."""
    raised = [
        n.exc
        for t in trees().values()
        for n in nodes(t)
        if isinstance(n, ast.Raise) and isinstance(n.exc, ast.Call) and n.exc.args
    ]
    return len(raised), sum(not isinstance(call.args[0], ast.Constant) for call in raised)


def hard_files() -> list[Path]:
    """Files with code that has to be guided through: kernels, templates, the compiled engine and what writes its plans, convex programs."""
    return [path for pattern in HARD for path in sorted(PACKAGE.glob(pattern)) if path.stat().st_size]


def commented(paths: Iterable[Path]) -> float:
    """Fraction of lines, blank ones left out, that are whole-line comments of Python, C++ or a template."""
    lines = [line.strip() for path in paths for line in path.read_text().splitlines() if line.strip()]
    return round(
        sum(
            line.startswith(("#", "//", "{#"))
            and not line.startswith(("#include", "#if", "#else", "#endif", "#define", "#pragma", "#ifndef"))
            for line in lines
        )
        / len(lines),
        4,
    )


def measured() -> dict[str, float]:
    """Every number of the house."""
    every = [f for tree in trees().values() for f in functions(tree)]
    sizes = [code_lines(f) for f in every]
    public = [entry for tree in trees().values() for entry in documented(tree)]
    given = [(doc, p) for _, doc, f in public for p in parameters(f)]
    giving = [doc for _, doc, f in public if returns_something(f)]
    n_raised, n_with_value = messages()
    source = sum(len(path.read_text().splitlines()) for path in trees())
    tests = [path.read_text() for path in (ROOT / "tests").rglob("*.py")]
    code = sum(lines_of_code(tree) for tree in trees().values())
    return {
        "code lines of a function, median": statistics.median(sizes),
        "code lines of a function, 95th": percentile(sizes, 0.95),
        "code lines of a function, most": max(sizes),
        "lines of a file, most": max(len(path.read_text().splitlines()) for path in trees()),
        "nesting, deepest": max(nesting(f) for f in every),
        "parameters, most": max(len(parameters(f)) for f in every),
        "parameters, most, constants and options apart": max(
            len(parameters(f)) for path, tree in trees().items() if not place(path).startswith(LISTS) for f in functions(tree)
        ),
        "depth of imports": import_depth(),
        "parameters described": round(sum(describes(doc, p) for doc, p in given) / len(given), 3),
        "Returns described": round(sum(says_what_it_returns(doc) for doc in giving) / len(giving), 3),
        "messages with the value": round(n_with_value / n_raised, 3),
        "package lines": source,
        "package lines with code": code,
        "test lines per source line": round(sum(len(text.splitlines()) for text in tests) / source, 2),
        "the same of lines with code": round(sum(lines_of_code(ast.parse(text)) for text in tests) / code, 2),
        "comments, all code": commented(trees()),
        "comments, hard code": commented(hard_files()),
    }


def main() -> None:
    """Print the numbers beside their limits, or tighten the limits to them."""
    now, limits = measured(), json.loads(LIMITS.read_text())
    if "--tighten" in sys.argv:
        for name, limit in limits.items():
            limits[name] = max(limit, now[name]) if name in AT_LEAST else min(limit, now[name])
        LIMITS.write_text(json.dumps(limits, indent=2) + "\n")
    for name, value in now.items():
        bound = f"{'at least' if name in AT_LEAST else 'at most'} {limits[name]}" if name in limits else ""
        print(f"{name:36} {value:>10}   {bound}")
    if "--missing" in sys.argv:
        print("\n".join(undescribed()), *(f"{name} returns" for name in without_returns()), sep="\n")


if __name__ == "__main__":
    main()
