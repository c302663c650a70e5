"""What numpydoc docstrings say: their first sentence, their sections, and their parameters."""

import re
from collections.abc import Mapping

__all__ = ["first_sentence", "parameter_texts", "section", "summary_section"]

_ENTRY = re.compile(r"^(\*{0,2}\w+(?:, *\*{0,2}\w+)*)(?: *: *(.+))?$")


def first_sentence(docstring: str) -> str:
    """First paragraph of a `docstring`, up to its first full stop, on one line."""
    paragraph = " ".join(docstring.split("\n\n")[0].split())
    return re.split(r"(?<=[.;])\s", paragraph)[0].rstrip(".;")


def summary_section(docstring: str) -> str:
    """What a `docstring` says before its first section."""
    lines = docstring.splitlines()
    end = next((k for k in range(len(lines) - 1) if lines[k] and lines[k + 1].startswith("---")), len(lines))
    return "\n".join(lines[:end]).strip()


def section(docstring: str, title: str) -> list[str]:
    """Lines of the section of a `docstring` that has this `title`, without the title; none where there is no such section."""
    lines = docstring.splitlines()
    starts = [k for k in range(len(lines) - 1) if lines[k] == title and lines[k + 1].startswith("---")]
    if not starts:
        return []
    body = lines[starts[0] + 2 :]
    end = next((k for k in range(len(body) - 1) if body[k] and body[k + 1].startswith("---")), len(body))
    return body[:end]


def parameter_texts(docstring: str) -> Mapping[str, tuple[str, str]]:
    """Type slot and description of every parameter.

    Parameters
    ----------
    docstring : str
        As ``inspect.getdoc`` gives it: without indentation.

    Returns
    -------
    mapping from name to (type, description)

    Examples
    --------
    >>> parameter_texts("Decay.\\n\\nParameters\\n----------\\ntau : float, seconds\\n    Time constant.")
    {'tau': ('float, seconds', 'Time constant.')}
    """
    found: dict[str, tuple[str, str]] = {}
    names: list[str] = []
    for line in section(docstring, "Parameters"):
        entry = _ENTRY.match(line)
        if entry:
            names = [name.strip().lstrip("*") for name in entry[1].split(",")]
            found |= dict.fromkeys(names, ((entry[2] or "").strip(), ""))
        elif line.startswith("    "):
            found |= {name: (found[name][0], f"{found[name][1]} {line.strip()}".strip()) for name in names}
    return found
