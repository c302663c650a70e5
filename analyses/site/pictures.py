"""Pictures of pages: a spec of the page is run when the site is built, and panels of its report, or of its sweep's, stand below it.

A page asks for them by a comment that names the spec, by the caption of its block or as ``bioworkbench new --from`` does, and the first
words under each panel: ``<!-- figures: ransnn.toml; Rows are the true classes; The same test trials -->``. A figure of an example of the
gallery stands on a page by its name, its number and the words under it: ``<!-- gallery: plot_4_path_lengths; 1; Regrown links. -->``.
"""

import base64
import html
import re
import tempfile
from pathlib import Path

import bioworkbench as bw
from bioworkbench.commands.new import starts

__all__ = ["report_panels", "with_pictures"]

_ASKED = re.compile(r"^<!-- figures: (.*?) -->$", re.M)
_EXAMPLE = re.compile(r"^<!-- gallery: (\w+); (\d+); (.*?) -->$", re.M)
_PANEL = re.compile(r'<figure( class="wide")?><img src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]*)">')


def with_pictures(page: Path, *, run: bool) -> str:
    """The text of a page with pictures in place of the comments that ask for them; they are written beside it.

    Parameters
    ----------
    page : Path
    run : bool
        Whether specs are run; without, there are no pictures.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If there is no spec or no panel of that name.
    """
    text = page.read_text(encoding="utf-8")

    def figures(found: re.Match[str]) -> str:
        name, *wanted = found[1].split("; ")
        return "\n".join(_figures(page, name, _spec_of(text, name), wanted)) if run else ""

    def example(found: re.Match[str]) -> str:
        name, number, words = found.groups()
        picture = f"gallery/images/sphx_glr_{name}_{int(number):03}.png"
        return f"```{{figure}} {picture}\n:target: gallery/{name}.html\n\n{words}\n```\n" if run else ""

    return _EXAMPLE.sub(example, _ASKED.sub(figures, text))


def _spec_of(text: str, name: str) -> str:
    """The block with that caption, or the spec that ``new`` writes from that start."""
    block = re.search(rf"^```{{code-block}} toml\n:caption: {re.escape(name)}\n(.*?)^```$", text, re.M | re.S)
    if block:
        return block[1]
    if name not in starts():
        raise ValueError(f"figures: {name}: must be the caption of a block of TOML on the page, or a start of `bioworkbench new`")
    return starts()[name].read_text(encoding="utf-8")


def _figures(page: Path, name: str, spec: str, wanted: list[str]) -> list[str]:
    """Directives of the panels whose captions begin so, in that order."""
    panels, lines = report_panels(spec), []
    for number, words in enumerate(wanted):
        captions = [caption for caption in panels if caption.startswith(words)]
        if not captions:
            raise ValueError(f"figures: {name}: no panel begins with '{words}'; there are {'; '.join(panels)}")
        picture = page.with_name(f"{page.stem}-{name.removesuffix('.toml')}-{number}.svg")
        wide, content = panels[captions[0]]
        picture.write_bytes(content)
        lines += [f"```{{figure}} {picture.name}", f":figclass: panel{' wide' * wide}", "", captions[0], "```", ""]
    return lines


def report_panels(spec: str) -> dict[str, tuple[bool, bytes]]:
    """Panels of the report that a run of a spec leaves, or of the page of its sweep.

    Parameters
    ----------
    spec : str
        TOML.

    Returns
    -------
    dict from caption to (whether it takes the whole width, SVG)
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "spec.toml"
        file.write_text(spec, encoding="utf-8")
        loaded = bw.load(file)
        page = bw.sweep(loaded, results=folder).page() if loaded.sweep else bw.run(loaded, results=folder).report()
        found = _PANEL.findall(page.read_text(encoding="utf-8"))
    return {html.unescape(caption): (bool(wide), base64.b64decode(data)) for wide, data, caption in found}
