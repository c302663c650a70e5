"""Numbers of things in words, so that one thing is one and not one things."""

__all__ = ["counted"]


def counted(n: int, noun: str) -> str:
    """A number, with commas between thousands, and its noun.

    Parameters
    ----------
    n : int
    noun : str
        One of the things; many get an s, or es behind s, x and ch, or ies for y behind a consonant.

    Returns
    -------
    str

    Examples
    --------
    >>> counted(1, "neuron"), counted(2000, "synapse"), counted(0, "self-link"), counted(3, "entry")
    ('1 neuron', '2,000 synapses', '0 self-links', '3 entries')
    """
    return f"{n:,} {noun if n == 1 else _many(noun)}"


def _many(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch")) else "s")
