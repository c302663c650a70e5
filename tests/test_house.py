"""The rules of the house: which module may import which, how large things may grow, and that errors and docs are complete.

The sizes are a ratchet: `tests/house_limits.json` is written by a script that only tightens.
"""

import ast
import json
import re
import subprocess
from itertools import accumulate, pairwise

import pytest

from tests import house
from tests.house import ROOT, functions, imports, place

TREES = house.trees()
MODULES = sorted(TREES)
NUMBERS = house.measured()
FORBIDDEN_NAMES = {"utils", "helpers", "base", "core", "common"}

FENCES = {  # library: the places, below bioworkbench/, that may import it
    "brian2": (
        *(f"records/{name}.py" for name in ("units", "neuron", "synapse", "synapse_text", "language", "expressions")),
        *("neurons/", "synapses/", "discrete/", "simulation/"),
    ),
    "brian2cuda": ("simulation/",),
    "jax": ("gradients/",),
    "optax": ("gradients/",),
    "sklearn": ("readout/", "tasks/", "convex/", "sklearn.py"),
    "matplotlib": ("plots/", "report/", "gallery/"),
    "distributed": ("experiment/sweeps/",),
    "optuna": ("experiment/sweeps/",),
    "bokeh": ("report/explorer.py",),
    "pandas": (
        *("exchange/frames.py", "records/tables.py", "tasks/measured.py"),
        *("topology/measures/", "topology/prediction/", "commands/topology.py"),
    ),
    "igraph": ("topology/measures/community_detection.py",),
    "xarray": (),
}
NOT_IN = {"networkx": ("simulation/", "readout/")}

FLOORS = [  # a module imports from floors below its own, or from its own floor
    ("records",),
    ("neurons", "synapses", "discrete", "topology", "weights", "encoding", "stimuli", "tasks", "readout", "gradients", "convex"),
    ("simulation", "methods"),
    ("experiment", "exchange", "plots", "report", "gallery", "sklearn", "device", "commands", "__main__", "__init__"),
]

NOT_OURS = re.compile(
    r"\b([Mm]end(?:ed|s|ing)?|[Nn]ewborn|[Ww]hoever|(?:the|a|equal|that|given) shares? of|is no (?:file|folder|number)|behaviour|colour"
    r"|neighbour|centre|labelled|modelled|(?:standard|normal|optim|general|initial|minim|maxim)is(?:e|ed|es|ing|ation))\b"
)

LIMITS = json.loads(house.LIMITS.read_text())
METHODS_OF_A_CLASS = 8


def floor_of(module: str) -> int:
    """Floor of a module below bioworkbench, by its first part; `spec.values` lives where `spec` does."""
    first = module.split(".")[0]
    for number, names in enumerate(FLOORS):
        if first in names:
            return number
    raise AssertionError(f"bioworkbench.{module} has no floor; give it one in FLOORS")


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


def test_no_two_classes_share_a_name():
    homes: dict[str, list[str]] = {}
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(f"{place(path)}:{node.lineno}")
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


SEVERAL_OF_A_NAME = {  # one role that several fill, or a kind of one dict that is also one of another
    *("accuracy", "confusion_matrix", "constant", "custom", "fit", "load_value", "memory_capacity", "table", "train"),
}


def test_no_two_public_functions_share_a_name():
    homes: dict[str, set[str]] = {}
    for path, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, set()).add(place(path))
    assert {name: found for name, found in homes.items() if len(found) > 1 and name not in SEVERAL_OF_A_NAME} == {}


def test_words_that_are_not_ours():
    """One spelling, one word per thing: what to say instead is in CONTRIBUTING.md."""
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text()
        for folder in ("bioworkbench", "figures", "network_specs", "analyses/site")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".toml", ".md", ".h", ".cpp", ".jinja"}
    }
    found = [f"{name}: {match[0]}" for name, text in texts.items() for match in NOT_OURS.finditer(text)]
    assert found == []


def test_imports_stand_at_the_top():
    """Deferred imports are for optional extras alone, and say so."""
    for path, tree in TREES.items():
        lines = path.read_text().splitlines()
        for function in functions(tree):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    assert "optional extra" in lines[node.lineno - 1], f"{place(path)}:{node.lineno} imports inside a function"


@pytest.mark.parametrize("name", LIMITS)
def test_numbers_stay_within_their_limits(name):
    """``python -m tests.house`` prints them; limits are only ever tightened, by ``--tighten``."""
    value = NUMBERS[name]
    assert value >= LIMITS[name] if name in house.AT_LEAST else value <= LIMITS[name]


def test_sizes_of_files():
    of_cpp = [path for ending in ("h", "cpp") for path in ROOT.glob(f"bioworkbench/**/*.{ending}")]
    for path in [*MODULES, *of_cpp, *ROOT.glob("tests/**/*.py"), *ROOT.glob("figures/**/*.py")]:
        assert len(path.read_text().splitlines()) <= LIMITS["lines of a file, most"], path


def test_numbers_of_methods():
    for path, tree in TREES.items():
        for node in house.nodes(tree):
            if isinstance(node, ast.ClassDef):
                public = [f for f in node.body if isinstance(f, ast.FunctionDef) and not f.name.startswith("__")]
                assert len(public) <= METHODS_OF_A_CLASS, f"{place(path)}:{node.name}"


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
    return [node.exc for node in house.nodes(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]


def test_constants_that_docstrings_name_are_where_they_say():
    """``metrics.METRICS``: some module of that name, or one in a folder of that name, has that constant."""
    for path, tree in TREES.items():
        documented = [node for node in house.nodes(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
        for text in filter(None, map(ast.get_docstring, documented)):
            for module, constant in re.findall(r"`(?:\w+\.)*([a-z]\w*)\.([A-Z][A-Z_]+)`", text):
                of_name = [p for p in MODULES if module in (p.stem, p.parent.name)]
                assert any(f"\n{constant}" in p.read_text() for p in of_name), f"{place(path)}: {module}.{constant}"


def test_no_bare_errors():
    for path, tree in TREES.items():
        for call in raises(tree):
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            assert name not in {"Exception", "AssertionError", "NotImplementedError"}, f"{place(path)}:{call.lineno}"
        assert not [n for n in house.nodes(tree) if isinstance(n, ast.ExceptHandler) and n.type is None], place(path)
        assert not [n for n in house.nodes(tree) if isinstance(n, ast.Assert)], f"{place(path)} uses assert"


def test_every_expected_error_is_matched():
    for path in ROOT.glob("tests/**/test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.raises":
                assert any(k.arg == "match" for k in node.keywords), f"{path.relative_to(ROOT)}:{node.lineno}"


def test_nothing_runs_untrusted_text():
    for path, tree in TREES.items():
        for node in house.nodes(tree):
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
