"""Tables for the documentation, made from the code: what each format loses of a run, and which files, neurons and stimuli are read."""

from bioworkbench.exchange.connectomes import READERS
from bioworkbench.exchange.contents import CONTENTS
from bioworkbench.exchange.formats import FORMATS
from bioworkbench.exchange.sonata_glif import GLIF
from bioworkbench.exchange.sonata_templates import TEMPLATES
from bioworkbench.records.docstrings import first_sentence

__all__ = ["losses_table", "readers_table", "templates_table"]


def losses_table() -> str:
    """What each of `FORMATS` loses, as a Markdown table: a row for each of `CONTENTS`, a column for each format."""
    rows = [("of a run", *FORMATS), ("---", *[":-:"] * len(FORMATS))]
    rows += [
        (words, *("kept" if key in given.carries else "lost" for given in FORMATS.values())) for key, words in CONTENTS.items()
    ]
    return _markdown(rows)


def readers_table() -> str:
    """Which files are read as graphs, as a Markdown table: suffixes, and what their reader says it does."""
    suffixes: dict[str, list[str]] = {}
    for suffix, reader in READERS.items():
        suffixes.setdefault(first_sentence(reader.__doc__ or ""), []).append(f"`{suffix}`")
    return _markdown([("files", "read as"), ("---", "---"), *((", ".join(ends), what) for what, ends in suffixes.items())])


def templates_table() -> str:
    """Which neurons of SONATA circuits bring their model, as a Markdown table: templates, what weights act on, and their unit."""
    rows = [("model template", "weights act on", "their unit"), ("---", "---", "---")]
    for name, given in TEMPLATES.items():
        acts = (
            "the port that `receptor_type` names" if name in GLIF else " or, below 0, ".join(f"`{one}`" for one in given.receives)
        )
        rows.append((f"`{name}`", acts, given.weight_unit or "none"))
    return _markdown(rows)


def _markdown(rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
