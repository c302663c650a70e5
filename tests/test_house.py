"""The rules of the house: which module may import which, how large things may grow, and that errors and docs are complete.

The sizes are a ratchet: they may be tightened, never loosened.
"""

import ast
import statistics
import subprocess
from itertools import accumulate, pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "bioworkbench"
MODULES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text()) for path in MODULES}
FORBIDDEN_NAMES = {"utils", "helpers", "base", "core", "common"}

FENCES = {  # library: the places, below bioworkbench/, that may import it
    "brian2": ("quantities.py", "neurons/", "simulation/"),
    "brian2cuda": ("simulation/",),
    "jax": ("gradients/",),
    "optax": ("gradients/",),
    "sklearn": ("readouts.py", "tasks/", "convex/", "sklearn.py"),
    "matplotlib": ("plots/", "report/", "gallery/"),
    "distributed": ("sweeps/",),
    "optuna": ("sweeps/",),
    "pandas": ("results/",),
}
NOT_IN = {"networkx": ("simulation/", "features.py", "readouts.py")}

FLOORS = [  # a module imports from floors below its own, or from its own floor
    ("errors", "arrays", "averages", "randomness", "quantities", "hdf5"),
    ("neurons", "network", "signals", "trained"),
    (
        *("topology", "weights", "encoding", "tasks", "features", "trials", "readouts", "evaluation", "discrete", "gradients"),
        *("spike_response", "convex", "fitting", "reading", "spike_statistics"),
    ),
    ("simulation", "methods"),
    (
        *("spec", "results", "experiment", "sweeps", "plots", "report", "export", "__main__", "__init__", "commands"),
        *("schema", "kinds", "gallery", "sklearn"),
    ),
]

LIMITS = {"median": 8, "95th": 30, "max": 50, "file": 400, "nesting": 3, "parameters_95th": 6, "methods": 8}


def place(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def floor_of(module: str) -> int:
    """Floor of a module below bioworkbench, by its first part; `spec.values` lives where `spec` does."""
    first = module.split(".")[0]
    for number, names in enumerate(FLOORS):
        if first in names:
            return number
    raise AssertionError(f"bioworkbench.{module} has no floor; give it one in FLOORS")


def imports(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def code_lines(function: ast.FunctionDef) -> int:
    """Lines with code: neither blank, comment nor docstring."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
        body = body[1:]
    lines: set[int] = set()
    for statement in body:
        lines |= {node.lineno for node in ast.walk(statement) if hasattr(node, "lineno")}
    return len(lines)


def depth(node: ast.AST, level: int = 0) -> int:
    """Deepest nesting of blocks; `elif` and `with` do not count, nested functions start again."""
    deepest = level
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            continue
        block = isinstance(child, ast.For | ast.While | ast.If | ast.Try)
        elif_ = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, depth(child, level + (block and not elif_)))
    return deepest


def percentile(values: list[int], share: float) -> int:
    return sorted(values)[int(share * (len(values) - 1))]


@pytest.mark.parametrize(("library", "allowed"), FENCES.items())
def test_a_library_is_imported_only_behind_its_fence(library, allowed):
    for path, tree in TREES.items():
        if not place(path).startswith(allowed):
            assert library not in {name.split(".")[0] for name in imports(tree)}, f"{place(path)} imports {library}"


@pytest.mark.parametrize(("library", "forbidden"), NOT_IN.items())
def test_a_library_stays_out(library, forbidden):
    for path, tree in TREES.items():
        if place(path).startswith(forbidden):
            assert library not in {name.split(".")[0] for name in imports(tree)}, f"{place(path)} imports {library}"


def test_imports_go_down():
    for path, tree in TREES.items():
        own = place(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        if own == "__init__":
            continue
        for name in imports(tree):
            if name.startswith("bioworkbench."):
                other = name.removeprefix("bioworkbench.")
                assert floor_of(other) <= floor_of(own), f"{place(path)} imports {name}, which is on a higher floor"


def test_methods_are_independent():
    for path, tree in TREES.items():
        if place(path).startswith("methods/") and path.name != "__init__.py":
            own = path.stem
            for name in imports(tree):
                assert not name.startswith("bioworkbench.simulation"), f"{place(path)} imports {name}"
                if name.startswith("bioworkbench.methods."):
                    other = name.removeprefix("bioworkbench.methods.")
                    assert other.startswith(own.split("_parts")[0]) or own.startswith(other), f"{place(path)} imports {name}"


def test_no_import_cycles():
    names = {place(p).removesuffix(".py").replace("/", ".").removesuffix(".__init__"): t for p, t in TREES.items()}
    edges = {
        own: {
            other
            for name in imports(tree)
            if name.startswith("bioworkbench.")
            for other in accumulate(name.removeprefix("bioworkbench.").split("."), "{}.{}".format)  # its packages come along
            if other in names and other != own and not own.startswith(f"{other}.")
        }
        for own, tree in names.items()
        if own != "__init__"
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for other in edges.get(name, ()):
                visit(other, (*trail, name))
            done.add(name)

    for name in edges:
        visit(name, ())


def test_folders_at_the_top_are_fixed():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    folders = {name.split("/")[0] for name in tracked if "/" in name}
    assert folders <= {".ci", "analyses", "bioworkbench", "figures", "network_specs", "tests"}


def test_module_names():
    assert not {path.stem for path in MODULES} & FORBIDDEN_NAMES


def test_imports_stand_at_the_top():
    """Deferred imports are for optional extras alone, and say so."""
    for path, tree in TREES.items():
        lines = path.read_text().splitlines()
        for function in functions(tree):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    assert "optional extra" in lines[node.lineno - 1], f"{place(path)}:{node.lineno} imports inside a function"


def test_sizes_of_functions():
    sizes = {(place(p), f.name): code_lines(f) for p, tree in TREES.items() for f in functions(tree)}
    longest = max(sizes, key=lambda key: sizes[key])
    assert statistics.median(sizes.values()) <= LIMITS["median"]
    assert percentile(list(sizes.values()), 0.95) <= LIMITS["95th"]
    assert sizes[longest] <= LIMITS["max"], f"{longest} has {sizes[longest]} lines"


def test_sizes_of_files():
    for path in [*MODULES, *ROOT.glob("tests/**/*.py"), *ROOT.glob("figures/**/*.py")]:
        assert len(path.read_text().splitlines()) <= LIMITS["file"], path


def test_nesting():
    deepest = {f"{place(p)}:{f.name}": depth(f) for p, tree in TREES.items() for f in functions(tree)}
    assert {name: level for name, level in deepest.items() if level > LIMITS["nesting"]} == {}


def test_numbers_of_parameters_and_methods():
    """Keyword-only arguments are settings, which specs name; they do not count."""
    counts = [len(f.args.args) + len(f.args.posonlyargs) for tree in TREES.values() for f in functions(tree)]
    assert percentile(counts, 0.95) <= LIMITS["parameters_95th"]
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                public = [f for f in node.body if isinstance(f, ast.FunctionDef) and not f.name.startswith("__")]
                assert len(public) <= LIMITS["methods"], f"{place(path)}:{node.name}"


def test_public_functions_are_documented_and_annotated():
    for path, tree in TREES.items():
        assert ast.get_docstring(tree), f"{place(path)} has no docstring"
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{place(path)}:{node.name} has no docstring"
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                assert node.returns is not None, f"{place(path)}:{node.name} has no return annotation"
                assert all(a.annotation for a in every), f"{place(path)}:{node.name} has arguments without annotation"


def raises(tree: ast.AST) -> list[ast.Call]:
    return [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]


def test_error_messages_carry_the_value():
    """Nearly every message is built from what was given, not a fixed text."""
    calls = [call for tree in TREES.values() for call in raises(tree) if call.args]
    fixed = [call for call in calls if isinstance(call.args[0], ast.Constant)]
    assert len(fixed) <= 0.05 * len(calls), [call.args[0].value for call in fixed]


def test_no_bare_errors():
    for path, tree in TREES.items():
        for call in raises(tree):
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            assert name not in {"Exception", "AssertionError", "NotImplementedError"}, f"{place(path)}:{call.lineno}"
        assert not [n for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and n.type is None], place(path)
        assert not [n for n in ast.walk(tree) if isinstance(n, ast.Assert)], f"{place(path)} uses assert"


def test_every_expected_error_is_matched():
    for path in ROOT.glob("tests/**/test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.raises":
                assert any(k.arg == "match" for k in node.keywords), f"{path.relative_to(ROOT)}:{node.lineno}"


def test_nothing_runs_untrusted_text():
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile", "__import__"}, f"{place(path)}:{node.lineno}"
        assert "pickle" not in {name.split(".")[0] for name in imports(tree)}, place(path)


def test_changelog_is_in_order():
    """Newest version first."""
    versions = [
        line.split()[1].strip("[]") for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")
    ]
    numbered = [tuple(map(int, version.split("."))) for version in versions if version[0].isdigit()]
    assert all(newer > older for newer, older in pairwise(numbered))
