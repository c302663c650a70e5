"""Files that others wrote: read up to a size, unpacked, and as text whatever its encoding and line ends."""

import codecs
import gzip
import zlib
from pathlib import Path
from typing import BinaryIO, cast

__all__ = ["MAX_BYTES", "limited", "read_text", "unzipped"]

MAX_BYTES = 2**30
"""Of a file, unpacked."""

_ENCODINGS = (  # a longer mark that begins with a shorter one comes first
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def unzipped(path: Path) -> bytes:
    """Content of a gzip file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If it is not a whole gzip file, or holds more than a gibibyte.
    """
    try:
        with gzip.open(path) as file:
            return limited(cast(BinaryIO, file), path, "content")
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a whole gzip file ({error}); fetch it again") from error


def limited(file: BinaryIO, path: Path, what: str, limit: int | None = None) -> bytes:
    """All of an open file, up to a limit.

    Parameters
    ----------
    file : binary file
        Open for reading.
    path : Path
        Of the file, for messages.
    what : str
        What is read, for messages: "content".
    limit : int, bytes, optional
        By default `MAX_BYTES`.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If there is more.
    """
    most = MAX_BYTES if limit is None else limit
    content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{path}: {what} is larger than {most} bytes; that is more than this reader accepts")
    return content


def read_text(path: Path) -> tuple[str, list[str]]:
    """Text of a file with line ends as ``\\n``, and what was detected about it.

    Parameters
    ----------
    path : Path
        UTF-8, or what a byte order mark says; compressed with gzip if it ends in ``.gz``.

    Returns
    -------
    text : str
    found : list of str
        In words.

    Raises
    ------
    ValueError
        If the file cannot be read, is cut short, larger than a gibibyte, or not text.
    """
    try:
        if path.suffix.lower() == ".gz":
            content = unzipped(path)
        else:
            with path.open("rb") as file:
                content = limited(file, path, "content")
    except OSError as error:
        raise ValueError(
            f"{path} cannot be read ({error.strerror or error}); check that it exists and that you may read it"
        ) from error
    mark, encoding = next(((mark, name) for mark, name in _ENCODINGS if content.startswith(mark)), (b"", "UTF-8"))
    try:
        text = content[len(mark) if encoding == "UTF-8" else 0 :].decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not {encoding} text: {error}; save it as UTF-8") from error
    if (zero := text.find("\0")) >= 0:
        raise ValueError(f"{path} is not a table: character {zero} has the code 0; save it as UTF-8 text")
    n_pairs, n_returns = text.count("\r\n"), text.count("\r")
    ends = ["line ends CR"] if n_returns > n_pairs else ["line ends CR LF"] if n_pairs else []
    found = [f"{encoding} with a byte order mark"] if mark else []
    return text.replace("\r\n", "\n").replace("\r", "\n"), found + ends
