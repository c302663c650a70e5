"""Names of populations and variables that every backend can use: no words of C++, Cython or Brian2 itself."""

import errno
import keyword
import re
import signal
from collections.abc import Iterable
from itertools import product

__all__ = [
    "NEURON_INDICES",
    "SYNAPSE_INDICES",
    "as_identifier",
    "check_experiment",
    "check_identifier",
    "check_object_names",
    "check_plain",
    "is_plain",
]

NEURON_INDICES = ("i", "N")
"""Place of a neuron in its population, and size of that."""

SYNAPSE_INDICES = ("i", "j", "N_pre", "N_post")
"""Source and target neuron of a synapse, and sizes of their populations."""

_OF_CPP = frozenset(
    {
        "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char", "char16_t",
        "char32_t", "class", "compl", "const", "constexpr", "const_cast", "continue", "decltype", "default", "delete", "do", "double",
        "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if", "inline", "int",
        "long", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private", "protected",
        "public", "register", "reinterpret_cast", "return", "short", "signed", "sizeof", "static", "static_assert", "static_cast",
        "struct", "switch", "template", "this", "thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "union",
        "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq", "restrict", "typeof", "brian", "std",
        "linux", "unix", "main", "assert", "errno", "stdin", "stdout", "stderr",
    }
)  # fmt: skip
_MACROS = re.compile(
    r"NULL|EOF|NAN|INFINITY|HUGE_VAL[FL]?|RAND_MAX|BUFSIZ|CLOCKS_PER_SEC|MATH_ERREXCEPT|MATH_ERRNO|EXIT_SUCCESS|EXIT_FAILURE|"
    r"M_[A-Z0-9_]+|FP_[A-Z0-9_]+|FLT_[A-Z0-9_]+|DBL_[A-Z0-9_]+|LDBL_[A-Z0-9_]+|"
    r"[A-Z0-9]*(?:INT|CHAR|LONG|SHRT|SIZE|PTRDIFF)[A-Z0-9]*_(?:MAX|MIN|BIT|WIDTH)"
)
_NUMBERED = frozenset(errno.errorcode.values()) | frozenset(signal.Signals.__members__)  # of errors and signals
_OF_CYTHON = frozenset(
    {
        "cdef", "cpdef", "ctypedef", "cimport", "include", "by", "DEF", "IF", "ELIF", "ELSE", "nogil", "gil", "readonly", "api", "inline",
    }
)  # fmt: skip
_OF_BRIAN2 = frozenset(["t", "dt", "i", "N", "lastspike", "not_refractory", "refractory_time", "t_in_timesteps"])
_OBJECTS = re.compile(
    r"spikes|noise|noise_draw|update|\w*stateupdater\w*|\w*thresholder\w*|\w*resetter\w*|\w*run_regularly\w*|\w*codeobject\w*|"
    r"\w*frames\w*|\w*kicks\w*|background|\w*synapses\w*|\w*subexpression\w*|pre|post"
)
_OBJECTS_OF_PROJECTIONS = re.compile(r"(synapses|stimulus)(_\w+)?")


def is_plain(name: str) -> bool:
    """Whether a `name` is an ASCII letter followed by ASCII letters, digits and underscores, as Brian2 wants the names of objects."""
    return isinstance(name, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) is not None


def check_plain(what: str, name: str) -> None:
    """Raise ValueError if a `name` is not plain (`is_plain`); the error says `what` it names."""
    if not is_plain(name):
        raise ValueError(f"{what} {name!r}: must be an ASCII letter followed by ASCII letters, digits or '_'")


def check_experiment(name: str) -> None:
    """Raise ValueError if a `name`, that of a spec file without its ending, cannot be that of an experiment and its results folder."""
    if not re.fullmatch(r"\w[\w.-]{0,99}", name):
        raise ValueError(
            f"name {name!r}: must be letters, digits, '_', '-' or '.', a letter, digit or '_' first, at most 100 in all, because a "
            "results folder is named after it"
        )


def check_identifier(what: str, name: str) -> str:
    """Return the name if it is an identifier in Python, C++ and Brian2.

    Parameters
    ----------
    what : str
        For messages: "variable".
    name : str

    Returns
    -------
    str
        The same name.

    Raises
    ------
    ValueError
        If it has other than ASCII letters, digits and underscores, begins with another than a letter, or is a word of Python, C++,
        Cython or Brian2.

    Examples
    --------
    >>> check_identifier("constant", "new")
    Traceback (most recent call last):
    ValueError: constant 'new': this is a word of C++, in which the network is compiled; choose another name, such as 'new_'
    """
    check_plain(what, name)
    languages = {
        "Python": keyword.iskeyword(name),
        "C++": name in _OF_CPP | _NUMBERED or bool(_MACROS.fullmatch(name)),
        "Cython": name in _OF_CYTHON,
    }
    for language, taken in languages.items():
        if taken:
            raise ValueError(
                f"{what} '{name}': this is a word of {language}, in which the network is compiled; "
                f"choose another name, such as '{name}_'"
            )
    if name in _OF_BRIAN2:
        raise ValueError(f"{what} '{name}': Brian2 gives every neuron or synapse a variable of that name; choose another name")
    return name


def as_identifier(what: str, name: str) -> str:
    """Name from elsewhere as one that every backend can use.

    Parameters
    ----------
    what : str
        What it names, for `check_identifier`.
    name : str
        Any text.

    Returns
    -------
    str
        With other characters replaced by underscores, and ``n_`` in front of what begins with another character than a letter, or is
        a word of a language that networks are compiled in.

    Examples
    --------
    >>> as_identifier("population", "L2/3 exc"), as_identifier("population", "4"), as_identifier("population", "new")
    ('L2_3_exc', 'n_4', 'n_new')
    """
    plain = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name).strip("_")
    try:
        return check_identifier(what, plain)
    except ValueError:
        return f"n_{plain}"


def check_object_names(populations: Iterable[str], projections: Iterable[str] = ()) -> None:
    """Raise ValueError if one of `populations` has the name of a part of another, as 'exc_spikes' beside 'exc', or of `projections`."""
    known = sorted(populations)
    for name, projection in product(known, projections):
        if _is_part(name, projection, _OBJECTS_OF_PROJECTIONS):
            raise ValueError(
                f"population '{name}': a part of projection '{projection}' has this name; choose another one, such as '{name}_cells'"
            )
    for name in known:
        for other in known:
            if _is_part(name, other, _OBJECTS):
                raise ValueError(
                    f"population '{name}': a part of population '{other}' has this name; choose another one, such as "
                    f"'{name.removeprefix(f'{other}_')}_{other}'"
                )


def _is_part(name: str, owner: str, parts: re.Pattern[str]) -> bool:
    """Whether a `name` is that of an `owner`, an underscore, and one of its `parts`."""
    return name.startswith(f"{owner}_") and parts.fullmatch(name.removeprefix(f"{owner}_")) is not None
