"""Tables that stand for others: ``[models.NAME]``, which populations share, ``[[projections]]`` from and to lists of populations, and
``[[stimuli]]``.

They are written out before anything is read, so that the rest of the reader knows single populations and projections only.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bioworkbench.records.errors import unknown_name

__all__ = ["places_of", "with_named_tables", "written_out"]

Document = dict[str, Any]


def written_out(document: Document) -> Document:
    """The tables of a spec, with a table for each population and projection.

    Parameters
    ----------
    document : mapping
        As a TOML parser gives it.

    Returns
    -------
    mapping
        The same object where there is nothing to write out.

    Raises
    ------
    ValueError
        If a population names a model that there is not, a model is not used, or a matrix does not fit its lists.

    Examples
    --------
    >>> block = {"source": ["a", "b"], "target": "a", "links": {"kind": "bernoulli", "p": [[0.1, 0.0]]}}
    >>> written_out({"projections": [block]})
    {'projections': {'a_a': {'source': 'a', 'target': 'a', 'links': {'kind': 'bernoulli', 'p': 0.1}}}}
    """
    done = dict(document)
    if "models" in document:
        done["populations"] = _populations(done.pop("models"), document.get("populations"))
    done = with_named_tables(done)
    return done if len(done) != len(document) or done != document else document


def places_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Where a spec has the fields that `written_out` moves, so that errors name what there is to change.

    Parameters
    ----------
    document : mapping
        One that `written_out` takes.

    Returns
    -------
    dict from dotted field to str
        Of populations, whose models may stand in tables of their own, and of projections that one block writes for several pairs.

    Examples
    --------
    >>> shared = {"models": {"cell": {"tau": "20 ms"}}, "populations": {"exc": {"model": "cell", "size": 2}}}
    >>> places_of(shared)
    {'populations.exc.model': 'models.cell', 'populations.exc.tau': 'models.cell.tau'}
    """
    found: dict[str, str] = {}
    models, populations = document.get("models", {}), document.get("populations", {})
    for name, table in (populations if isinstance(populations, Mapping) else {}).items():
        found[f"populations.{name}.model"] = f"populations.{name}"
        if isinstance(table, Mapping) and "model" in table and "models" in document:
            own = {key: value for key, value in table.items() if key != "model"}
            found[f"populations.{name}.model"] = place = f"models.{table['model']}"
            found |= _shared(models[table["model"]], own, f"populations.{name}", place)
    blocks: Any = document.get("projections")
    for number, block in enumerate(blocks if isinstance(blocks, list) else []):
        names = [name for name, _ in _pairs(block, "")]
        place = f"projections, block {number + 1}"
        for name in names if len(names) > 1 else []:
            found |= {f"projections.{name}": place, **{f"projections.{name}.{key}": f"{place}, {key}" for key in block}}
    return found


def _shared(table: Document, own: Document, read: str, written: str) -> Iterator[tuple[str, str]]:
    """Where the settings of a model are read and written that a population has not in its own table."""
    for key, value in table.items():
        if key not in own:
            yield f"{read}.{key}", f"{written}.{key}"
        elif isinstance(value, dict) and isinstance(own[key], dict):
            yield from _shared(value, own[key], f"{read}.{key}", f"{written}.{key}")


def with_named_tables(document: Document) -> Document:
    """The tables of a spec, with projections and stimuli by their names also where it writes them as blocks; models are left alone.

    Parameters
    ----------
    document : mapping

    Returns
    -------
    mapping
    """
    written = {"projections": _projections, "stimuli": _stimuli}
    blocks = {key: write(document[key]) for key, write in written.items() if isinstance(document.get(key), list)}
    return {**document, **blocks} if blocks else document


def _stimuli(blocks: list[Any]) -> Document:
    found: Document = {}
    for number, block in enumerate(blocks):
        name = block.get("name", block.get("kind")) if isinstance(block, dict) else None
        if not isinstance(name, str):
            raise ValueError(f"stimuli, block {number + 1}: {block!r} has no name; write [[stimuli]] with a name and a kind")
        if name in found:
            raise ValueError(f"stimuli, block {number + 1}: '{name}' is there twice; give one of them another name")
        found[name] = {key: value for key, value in block.items() if key != "name"}
    return found


def _populations(models: Any, populations: Any) -> Any:
    if not isinstance(models, dict) or not all(isinstance(table, dict) for table in models.values()):
        raise ValueError(f"models = {models!r}: write a table [models.NAME] with the settings that populations share")
    if not isinstance(populations, dict):
        return populations
    used, found = set(), {}
    for name, table in populations.items():
        if not isinstance(table, dict) or "model" not in table:
            found[name] = table
            continue
        if table["model"] not in models:
            raise ValueError(f"populations.{name}.model: {unknown_name(str(table['model']), 'model', models)}")
        used.add(table["model"])
        found[name] = _merged(models[table["model"]], {key: value for key, value in table.items() if key != "model"})
    for name in models:
        if name not in used:
            raise ValueError(f"models.{name} is used by no population; write model = '{name}' in one, or remove it")
    return found


def _merged(shared: Document, own: Document) -> Document:
    """A population's own settings in place of those it shares; tables inside, such as constants, setting by setting."""
    both = {
        key: shared[key] | own[key]
        for key in shared.keys() & own.keys()
        if isinstance(shared[key], dict) and isinstance(own[key], dict)
    }
    return {**shared, **own, **both}


def _projections(blocks: list[Any]) -> Document:
    found: Document = {}
    for number, block in enumerate(blocks):
        if not isinstance(block, dict) or not {"source", "target"} <= block.keys():
            raise ValueError(f"projections, block {number + 1}: needs source and target, each a population or a list of them")
        for name, table in _pairs(block, f"projections, block {number + 1}"):
            if name in found:
                raise ValueError(f"projections, block {number + 1}: '{name}' is there twice; give one of them receives = ...")
            found[name] = table
    return found


def _pairs(block: Document, place: str) -> Iterator[tuple[str, Document]]:
    """Name and table of every pair; one whose entry in a matrix is 0 is left out. A block of one pair may have a name of its own."""
    sources, targets = (value if isinstance(value, list) else [value] for value in (block["source"], block["target"]))
    own = block.get("name")
    if own is not None and (not isinstance(own, str) or len(sources) * len(targets) != 1):
        raise ValueError(
            f"{place}: name = {own!r}: names one projection, and must be text; leave it out for lists of populations"
        )
    block = {key: value for key, value in block.items() if key != "name"}
    for i, target in enumerate(targets):
        for j, source in enumerate(sources):
            picked, absent = _picked(block, i, j, (len(targets), len(sources)), place)
            if not absent:
                name = "_".join(part for part in (source, target, block.get("receives", "")) if isinstance(part, str) and part)
                yield own or name, {**picked, "source": source, "target": target}


def _picked(table: Document, i: int, j: int, shape: tuple[int, int], place: str) -> tuple[Document, bool]:
    """The table with one entry of each matrix, and whether any of them is 0."""
    found, absent = {}, False
    for key, value in table.items():
        if isinstance(value, dict):
            value, inner_absent = _picked(value, i, j, shape, place)
            absent = absent or inner_absent
        elif isinstance(value, list) and value and all(isinstance(row, list) for row in value):
            if len(value) != shape[0] or any(len(row) != shape[1] for row in value):
                raise ValueError(
                    f"{place}: the matrix {key} has rows of {sorted({len(row) for row in value})} in {len(value)} rows; it must have a "
                    f"row per target ({shape[0]}) and in it an entry per source ({shape[1]})"
                )
            value = value[i][j]
            absent = absent or value == 0
        found[key] = value
    return found, absent
