"""Settings of the documentation site: ``python -m sphinx analyses/site results/site`` builds it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from docutils.nodes import SkipNode  # noqa: E402
from generated import staged  # noqa: E402
from notebooks import write_notebooks  # noqa: E402
from pictures import with_pictures  # noqa: E402

from latex2mathml.converter import convert  # noqa: E402

from bioworkbench.experiment.results.provenance import versions  # noqa: E402

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

project = "bioworkbench"
author = copyright = "The bioworkbench developers"
release = versions()["bioworkbench"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["examples/**"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
suppress_warnings = [
    "config.cache",  # the gallery's settings cannot be pickled, and need not be
    *("ref.python", "ref.ref", "ref.term"),  # words in types that are names elsewhere, and references into scikit-learn
]

autodoc_typehints = "none"  # docstrings say them in words, with shapes and units
autodoc_member_order = "bysource"
autodoc_mock_imports = ["brian2cuda"]
napoleon_google_docstring = False
napoleon_use_rtype = False

sphinx_gallery_conf = {
    "examples_dirs": str(HERE / "examples"),
    "gallery_dirs": "gallery",
    "within_subsection_order": "FileNameSortKey",
    "filename_pattern": "/plot_",
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_signature": False,
}

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "bioworkbench"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = [str(path) for path in (ROOT / "figures" / "made").glob("*.svg")]  # drawn by `bioworkbench figures`
html_show_sphinx = False


def formula(display):
    """Visitor that writes a formula as MathML, which browsers draw without fetching anything."""

    def visit(writer, node):
        writer.body.append(convert(node.astext(), display=display))
        raise SkipNode

    return visit, None


def is_described_above(app, what, name, member, skip, options):
    """Leave out the fields of named tuples, which the docstring of the class describes."""
    return True if str(getattr(member, "__doc__", "")).startswith("Alias for field number") else None


def setup(app):
    """Read the pages from a copy, with those that are made at build time."""
    app.connect("autodoc-skip-member", is_described_above)
    app.add_html_math_renderer("mathml", formula("inline"), formula("block"))
    app.srcdir = staged(HERE, Path(app.doctreedir) / "pages", ROOT)
    # Notebooks, the examples of the gallery and the pictures of pages are run together, or not at all (``-D plot_gallery=0``).
    run = str(app.config.overrides.get("plot_gallery", "1")) not in ("0", "False")
    write_notebooks(HERE.parent, Path(app.srcdir), run=run)
    for page in Path(app.srcdir).rglob("*.md"):
        page.write_text(with_pictures(page, run=run), encoding="utf-8")
