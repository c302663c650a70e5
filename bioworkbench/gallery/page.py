"""``gallery.html``: every figure that has been drawn, what to see in it, and the command that makes it."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from bioworkbench.gallery.stamps import Places, figure_names, read_stamp

__all__ = ["write_gallery"]


def write_gallery(places: Places) -> None:
    """Write the page of all figures; those that have not been drawn are named with the command that draws them.

    Parameters
    ----------
    places : Places
    """
    environment = Environment(
        loader=PackageLoader("bioworkbench"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    entries = []
    for name in figure_names(places):
        stamp = read_stamp(name, places)
        title, _, words = stamp["title"].partition("\n") if stamp else (f"{name}: not drawn yet", "", "")
        specs = [places.spec_file(spec).as_posix() for spec in stamp["specs"]] if stamp else []
        entries.append({"name": name, "title": title, "words": words.strip(), "specs": specs, "drawn": stamp is not None})
    text = environment.get_template("gallery.html.jinja").render(figures=entries, formats=places.formats)
    temporary = places.page.with_name(".gallery.html")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(places.page)
