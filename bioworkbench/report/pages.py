"""Pages from templates: everything that comes from users is escaped, and nothing is fetched from a network."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

__all__ = ["page_template", "rendered"]


@cache
def _environment() -> Environment:
    loader = PackageLoader("bioworkbench")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def page_template(name: str) -> Template:
    """A template of the package.

    Parameters
    ----------
    name : str
        Of the file in ``templates/``.

    Returns
    -------
    Template
    """
    return _environment().get_template(name)


def rendered(name: str, **values: Any) -> str:
    """A template, filled in.

    Parameters
    ----------
    name : str
        Of the file in ``templates/``.
    **values
        What the template shows; text is escaped.

    Returns
    -------
    str
    """
    return page_template(name).render(values)
