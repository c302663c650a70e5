"""The documentation site: its pages build without a warning (the examples are not run)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bioworkbench.export import FORMATS

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_site_builds(tmp_path):
    for package in ("sphinx", "sphinx_gallery", "myst_parser", "furo"):
        pytest.importorskip(package)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-D", "plot_gallery=0", "analyses/site", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "reference" / "bioworkbench.methods.ransnn.html").is_file()


def test_the_page_on_exchange_names_what_formats_carry():
    page = (ROOT / "analyses" / "site" / "exchange.md").read_text()
    for name, given in FORMATS.items():
        (row,) = re.findall(rf"^\| `{name}` .*$", page, flags=re.MULTILINE)
        words = {"equations": "neurons"} if name == "nir" else {}
        for key in given.carries:
            assert words.get(key, key) in row
