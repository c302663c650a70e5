"""What the documentation says works: its files are specs, its commands and scripts run, its names import, its options exist.

Blocks of a page are executed in order, in a folder of their own: files with a caption are written, lines ``$ bioworkbench …`` called,
Python run in one namespace. Sizes are those of `QUICK`; a comment ``<!-- not run: why -->`` in front of a block leaves it out.
"""

import os
import re
import shlex
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import typer
from typer.testing import CliRunner

from bioworkbench.__main__ import COMMANDS, app_for
from bioworkbench.simulation.backends.choice import BACKENDS

ROOT = Path(__file__).parents[2]
SITE = ROOT / "analyses" / "site"
PUBLIC = Path(os.environ.get("BIOWORKBENCH_DATA", "/nowhere")).parent / "public"
PAGES = [*sorted(SITE.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
EXECUTED = [path for path in PAGES if path.parent.name in ("tutorials", "methods", "uses") or path.stem == "from_brian2"]
QUICK = {  # sizes as the tests run them
    'duration = "500 ms"': 'duration = "150 ms"',
    'duration = "300 ms"': 'duration = "40 ms"',
    'duration = "1 s"': 'duration = "20 ms"',
    'duration = "4 s"': 'duration = "40 ms"',
    "size = 400": "size = 40",
    "size = 100,": "size = 20,",
    "size = 300": "size = 60",
    "n_frames = 80": "n_frames = 40",
    "n_frames = 60": "n_frames = 30",
    "n_train = 8\nn_test = 8": "n_train = 4\nn_test = 4",
    'frame = "20 ms"': 'frame = "5 ms"',
    'bin = "20 ms"': 'bin = "5 ms"',
    "seed = [1, 2, 3]": "seed = [1, 2]",
    "seed = [1, 2, 3, 4, 5]": "seed = [1]",
    "200 * ms": "20 * ms",
    '"3 mV", "4 mV", "6 mV", "8 mV"': '"3 mV", "8 mV"',
    '"-52 mV", "-50 mV", "-48 mV"': '"-50 mV"',
    "n_gaussian = 200": "n_gaussian = 60",
    "epochs = 5": "epochs = 1",
    "epochs = 40": "epochs = 1",
    "n_train = 1200": "n_train = 300",
    "size = 256": "size = 64",
}
BLOCK = re.compile(
    r"^(?P<skip><!-- not run: .*? -->\n+)?```(?P<kind>\{code-block\} )?(?P<word>[a-z]+)\n(?P<text>.*?)^```$", re.M | re.S
)


def blocks(page):
    """Language, caption and text of every block of code that is meant to work."""
    for found in BLOCK.finditer(page.read_text(encoding="utf-8")):
        caption = re.match(r":caption: (\S+)\n", found["text"])
        if not found["skip"]:
            yield found["word"], caption[1] if caption else None, found["text"].removeprefix(caption[0] if caption else "")


def commands(text):
    """Words of every line that calls bioworkbench."""
    for line in text.replace("\\\n", " ").splitlines():
        words = line.removeprefix("$ ").split("    #")[0].strip()
        if words.startswith("bioworkbench "):
            found = shlex.split(words)[1:]
            yield found[2:] if found[0] == "--allow" else found


def shrunk(text):
    for old, new in QUICK.items():
        text = text.replace(old, new)
    return text


def call(words):
    words = [*words, "--jobs", "1"] if words[0] == "sweep" and "--jobs" not in words else words
    done = CliRunner().invoke(app_for(words), words)
    assert done.exit_code == 0, f"bioworkbench {' '.join(words)}\n{done.output}\n{done.exception!r}"
    for path in Path.cwd().glob("*.toml"):  # what `new` wrote
        path.write_text(shrunk(path.read_text()))


NEED_DATA = {"bring_your_own"}  # files of other programs, found beside BIOWORKBENCH_DATA
OFTEN = {"ei_network", "reconstruction"}  # the others run in CI


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=() if page.stem in OFTEN else pytest.mark.thorough, id=page.stem) for page in EXECUTED]
)
def test_pages_run_from_top_to_bottom(page, tmp_path, monkeypatch):
    if page.stem in NEED_DATA and not PUBLIC.is_dir():
        pytest.skip("BIOWORKBENCH_DATA has no folder public beside it: circuits and graphs of other programs")
    monkeypatch.chdir(tmp_path)
    compiled = BACKENDS["cpp"]
    without = replace(compiled, missing=lambda: "a compiler, which this test does without")
    monkeypatch.setattr("bioworkbench.report.display.write_report", lambda *_: None)
    names = {}
    for language, caption, text in blocks(page):
        monkeypatch.setitem(BACKENDS, "cpp", compiled if '"cpp"' in text else without)
        if caption:
            Path(caption).write_text(shrunk(text))
        elif language == "console":
            for words in commands(text):
                call(words)
        elif language == "python":
            exec(compile(shrunk(text), page.name, "exec"), names)
    plt.close("all")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_names_and_options_exist(page):
    text = page.read_text(encoding="utf-8")
    for name in sorted(set(re.findall(r"\bbioworkbench(?:\.[A-Za-z_]\w*)+", text))):
        assert exists(name), f"{page.name} names {name}"
    for language, _, code in blocks(page):
        for words in commands(code) if language in ("bash", "console") else ():
            known = {option for parameter in options(words[0]) for option in parameter}
            wrong = {word.split("=")[0] for word in words[1:] if re.match(r"--?[a-z]", word)} - known
            assert not wrong, f"{page.name}: bioworkbench {words[0]} has no {', '.join(wrong)}"
    for name in re.findall(r"\bbw\.([A-Za-z_]\w*)", text):
        assert exists(f"bioworkbench.{name}"), f"{page.name} names bw.{name}"


def exists(name):
    """Whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        for part in parts[n:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def options(command):
    assert command in COMMANDS, f"there is no command '{command}'"
    click = typer.main.get_command(app_for([command])).commands[command]
    return [(*parameter.opts, *parameter.secondary_opts, "--help", "-h") for parameter in click.params]


@pytest.mark.parametrize(
    "wrong", ["bioworkbench.simulatte", "bioworkbench.topology.link_prediction", "bioworkbench.neurons.noisy_lif.x.y"]
)
def test_names_that_do_not_exist_are_found(wrong):
    assert not exists(wrong)


def test_links_between_pages_lead_somewhere():
    made = {SITE / "spec.md", SITE / "reference.md", SITE / "gallery" / "index.md"}
    for page in SITE.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#\s:]+\.md)", page.read_text(encoding="utf-8")):
            path = (page.parent / target).resolve()
            assert path.is_file() or path in made or path.parent.name == "reference", f"{page.name} links to {target}"


def test_rules_of_the_workflow_run(tmp_path, monkeypatch):
    """The commands of the Snakefile, with one value for each wildcard; Snakemake itself is not needed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(BACKENDS, "cpp", replace(BACKENDS["cpp"], missing=lambda: "a compiler, which this test does without"))
    monkeypatch.setattr("bioworkbench.report.display.write_report", lambda *_: None)
    rules = re.findall(r'^    output: (.*)\n    shell: "(.*)"$', (SITE / "Snakefile").read_text(), re.M)
    assert len(rules) == 4
    for output, command in rules:
        output = output.strip('"')
        for name, value in {
            "{input}": "noise.toml",
            "{output}": output,
            "{wildcards.noise}": "6",
            "{wildcards.seed}": "2",
        }.items():
            command = command.replace(name, value)
        call(shlex.split(command)[1:])
        assert output.startswith("touch") or Path(output).is_file()
