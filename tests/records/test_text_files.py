"""Text files as editors and programs of any kind leave them, read to the text that was written, or refused in words."""

import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.records import text_files
from bioworkbench.records.text_files import read_text, unzipped

plain = st.text(st.characters(exclude_characters="\0\r\ufeff", exclude_categories=["Cs"]), max_size=80)
ENCODINGS = {  # how Python writes it, and what is said of it
    "utf-8": "",
    "utf-8-sig": "UTF-8 with a byte order mark",
    "utf-16": "UTF-16 with a byte order mark",
    "utf-32": "UTF-32 with a byte order mark",
}


@given(plain, st.sampled_from(list(ENCODINGS)), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_what_was_written_is_read(text, encoding, ends, packed):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("x.csv.gz" if packed else "x.csv")
        content = text.replace("\n", ends).encode(encoding)
        path.write_bytes(gzip.compress(content) if packed else content)
        read, found = read_text(path)
    assert read == text
    assert [words for words in found if "mark" in words] == [ENCODINGS[encoding]] * bool(ENCODINGS[encoding])
    told = {"\r\n": ["line ends CR LF"], "\r": ["line ends CR"]}.get(ends, []) if "\n" in text else []
    assert [words for words in found if "ends" in words] == told


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.csv", b"a,b\n1,\xe4\n", r"x\.csv is not UTF-8 text: .*; save it as UTF-8"),
        ("x.csv", "a,b".encode("utf-16")[:-1], r"x\.csv is not UTF-16 text"),
        ("x.csv", b"a,b\n1,\0\n", r"x\.csv is not a table: character 6 has the code 0"),
        ("x.csv.gz", b"a,b\n1,2\n", r"x\.csv\.gz"),
        ("x.csv.gz", gzip.compress(b"a,b\n" * 1000, mtime=0)[:-9], r"x\.csv\.gz"),
    ],
    ids=["not UTF-8", "half a character", "a code of 0", "not packed", "cut"],
)
def test_what_is_not_text_is_refused(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_text(tmp_path / name)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"x\.csv cannot be read \(No such file or directory\); check that it exists"):
        read_text(tmp_path / "x.csv")


@pytest.mark.parametrize("packed", [False, True])
def test_files_that_are_too_large_are_not_read_to_their_end(tmp_path, monkeypatch, packed):
    """A few bytes of gzip can stand for more than any memory holds."""
    monkeypatch.setattr(text_files, "MAX_BYTES", 10_000)
    path = tmp_path / ("x.csv.gz" if packed else "x.csv")
    path.write_bytes(gzip.compress(bytes(10_001)) if packed else bytes(10_001))
    with pytest.raises(ValueError, match=r"is larger than 10000 bytes; that is more than this reader accepts"):
        (unzipped if packed else read_text)(path)
