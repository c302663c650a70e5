"""Settings of the documentation site: ``python -m sphinx analyses/site results/site`` builds it."""

from pathlib import Path

from bioworkbench.results.provenance import versions

ROOT = Path(__file__).parents[2]

project = "bioworkbench"
author = copyright = "The bioworkbench developers"
release = versions()["bioworkbench"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["examples/**"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autodoc_mock_imports = ["brian2cuda"]
napoleon_google_docstring = False
napoleon_use_rtype = False

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "within_subsection_order": "FileNameSortKey",
    "filename_pattern": "/plot_",
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_signature": False,
}

html_theme = "furo"
html_title = "bioworkbench"
html_static_path: list[str] = []
html_extra_path = [str(path) for path in (ROOT / "figures" / "made").glob("*.svg")]  # drawn by `bioworkbench figures`
html_show_sphinx = False
