"""Tables of text: what is found out about a file, what is refused, and that numbers and labels come back."""

import gzip
import io

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioworkbench.records import text_files
from bioworkbench.records.tables import read_table
from bioworkbench.records.text_files import read_text


@pytest.fixture
def write(tmp_path):
    def written(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def numbers(path, *names):
    return read_table(path).numbers(names or ("a", "b")).tolist()


ROWS = [[1.5, -2.0], [0.25, 3e-7]]
POINTS, COMMAS = "a,b\n1.5,-2\n.25,3e-7\n", "a;b\n1,5;-2\n,25;3e-7\n"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (POINTS, ("cells separated by ','",)),
        (POINTS.replace(",", "\t"), ("cells separated by tabs",)),
        (POINTS.replace(",", " | "), ("cells separated by '|'",)),
        (POINTS.replace(",", "  "), ("cells separated by spaces",)),
        (POINTS.replace(",", " , "), ("cells separated by ','",)),
        (COMMAS, ("cells separated by ';'",)),
        (COMMAS.replace(";", "\t"), ("cells separated by tabs",)),
        ('"a";"b"\n"1,5";"-2"\n"0,25";"3e-7"\n', ("cells separated by ';'",)),
        ('a,b\n"1,5","-2"\n"0,25","3e-7"', ("cells separated by ','",)),
        (POINTS.replace("\n", "\r"), ("cells separated by ','", "line ends CR")),
        (COMMAS.replace("\n", "\r\n"), ("cells separated by ';'", "line ends CR LF")),
        (POINTS.encode("utf-8-sig"), ("cells separated by ','", "UTF-8 with a byte order mark")),
        (COMMAS.encode("utf-16"), ("cells separated by ';'", "UTF-16 with a byte order mark")),
        (b"\xfe\xff" + POINTS.encode("utf-16-be"), ("cells separated by ','", "UTF-16 with a byte order mark")),
        (POINTS.encode("utf-32"), ("cells separated by ','", "UTF-32 with a byte order mark")),
        (POINTS.replace("\n", "\n\n  \n").rstrip(), ("cells separated by ','",)),
        ("a,b,\n1.5,-2,\n.25,3e-7,\n", ("cells separated by ','",)),
    ],
)
def test_the_same_numbers_however_they_are_written(write, content, found):
    table = read_table(write(content))
    assert table.names == ("a", "b")
    assert table.numbers(("a", "b")).tolist() == ROWS
    assert table.found == found
    assert read_table(write(gzip.compress(table.path.read_bytes()), "t.csv.gz")).numbers(("b", "a")).tolist() == [
        row[::-1] for row in ROWS
    ]


def test_cells_lose_the_spaces_around_them_and_letters_are_composed(write):
    table = read_table(
        write(' name , "place" \n cat ,  Jena\ncat, "Z\u0075\u0308rich" \n cat\u00a0,Z\u00fcrich\n'.replace('" ', '"'))
    )
    assert table.names == ("name", "place")
    assert table.texts("name") == ["cat"] * 3
    assert table.texts("place") == ["Jena", "Zürich", "Zürich"]


def test_cells_in_quotes_may_hold_separators_and_line_ends(write):
    table = read_table(write('a,b\n"x, ""y""",1\n"two\nlines",2\nz,3\n'))
    assert table.texts("a") == ['x, "y"', "two\nlines", "z"]
    assert table.lines.tolist() == [2, 4, 5]


def test_one_column_and_files_without_names(write):
    assert read_table(write("height in cm\n1.5\n\n2\n")).texts("height in cm") == ["1.5", "", "2"]
    table = read_table(write("1 2\n3 4\n"), header=False)
    assert table.names == ("0", "1")
    assert table.lines.tolist() == [1, 2]
    assert read_table(write("a;b\n1;2\n"), separator=",").names == ("a;b",)


def test_missing_values_are_no_numbers(write):
    table = read_table(write("a,b\n1,\nNA,2\n ? ,nan\n"))
    np.testing.assert_array_equal(table.numbers(("a", "b")), [[1, np.nan], [np.nan, 2], [np.nan, np.nan]])
    assert table.missing(("b",))[:, 0].tolist() == [True, False, True]
    kept = table.take(~table.missing(("a",))[:, 0])
    assert kept.texts("a") == ["1"]
    assert kept.lines.tolist() == [2]


def test_what_pandas_writes_is_read(write):
    frame = pandas.DataFrame({"a": [1.5, 2.5], "b": [3, 4]})
    for index in (frame.index, pandas.Index(["x", "y"])):
        content = frame.set_axis(index).to_csv()
        assert read_table(write(content)).names == ("", "a", "b")
        again = pandas.read_csv(io.StringIO(content)).to_csv()
        assert read_table(write(again)).names == ("", "", "a", "b")
    assert read_table(write(frame.to_csv(sep=";", decimal=","))).numbers(("a", "b")).tolist() == frame.to_numpy().tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"t\.csv is empty or starts with an empty line; it must be a table"),
        ("\na,b\n1,2", "is empty or starts with an empty line"),
        ("  \na,b\n1,2", "is empty or starts with an empty line"),
        ("a,b\n\n", "has no rows of data below its names a, b"),
        ("a,b\n1,2\n3\n", "line 3 has 1 cells, the first line 2; all lines need as many"),
        ("a,b\n1,2\n\n3,4,5\n", "line 4 has 3 cells, the first line 2"),
        ("a\n1,5\n", "line 2 has 2 cells, the first line 1"),
        ('a,b\n"1,2\n', "is not a table with cells separated by ','"),
        ("a,b\n" + "1" * 200_000 + ",2\n", "is not a table with cells separated by ',': field larger than field limit"),
        ("a,,b\n1,x,2\n", "column 2 has no name and holds 'x'; give it a name"),
        ("a,b\n1,\0\n", "is not a table: character 6 has the code 0; save it as UTF-8 text"),
        ("a,b\n".encode("utf-16-le"), "has the code 0"),
        (b"a,b\n1,\xff\n", "is not UTF-8 text: .*; save it as UTF-8"),
        (b"\xff\xfe\x00", "is not UTF-16 text"),
        (",".join(map(str, range(10**6))), "has about 1000000 columns; at most 20000 are read. Is it transposed?"),
        ("a,b\n1,x\n", "line 2, column 'b': 'x' is not a number"),
        ("a,b\n1,2\n1_0,x\n", r"line 3, column 'a': '1_0' is not a number \(the first of 2 such cells\)"),
        ("a,b\n1,1e999\n", "line 2, column 'b': '1e999' is not finite"),
        ("a,b\n1,-inf\n", "'-inf' is not finite"),
        ("a,b,a\n1,2,3\n", "column 'a' occurs twice in .*; give every column its own name"),
        ("a,c\n1,2\n", r"'b' is not a column of t\.csv; .*[Kk]nown: a, c"),
        ("a;b\n1,5;2.5\n", r"column 'a': '1,5' has a decimal comma, '2\.5' a decimal point; write all numbers alike"),
        ('a,b\n"1,234",2\n', "'1,234' can be a number with a decimal comma or one with thousands set off; write decimal points"),
        ('a,b\n"1,23","1,234"\n', "'1,23' can be a number with a decimal comma or one with thousands set off"),
        ("a\tb\n1,234\t2\n", "'1,234' can be a number with a decimal comma"),
        ("a;b\n1,234,567;2\n", "'1,234,567' is not a number"),
        ("a;b\n1.234,5;2\n", r"'1\.234,5' is not a number"),
    ],
)
def test_what_is_refused(write, content, message):
    with pytest.raises(ValueError, match=message):
        numbers(write(content))


def test_files_that_cannot_be_read(tmp_path, write, monkeypatch):
    with pytest.raises(ValueError, match=r"none\.csv cannot be read \(No such file or directory\); check that it exists"):
        read_text(tmp_path / "none.csv")
    with pytest.raises(ValueError, match=r"cut\.csv\.gz is not a whole gzip file"):
        read_text(write(gzip.compress(b"1,2\n" * 1000)[:-20], "cut.csv.gz"))
    monkeypatch.setattr(text_files, "MAX_BYTES", 1000)
    for name, content in (("t.csv", b"0" * 1001), ("t.csv.gz", gzip.compress(b"0" * 1001))):
        with pytest.raises(ValueError, match="content is larger than 1000 bytes"):
            read_text(write(content, name))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2), min_size=1, max_size=5),
    st.sampled_from([",", ";", "\t", "|", " "]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_numbers_come_back_exactly(tmp_path_factory, rows, separator, end, encoding):
    lines = [separator.join(("a", "b")), *(separator.join(map(repr, row)) for row in rows)]
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    path.write_bytes(end.join(lines).encode(encoding))
    assert read_table(path).numbers(("a", "b")).tolist() == [list(row) for row in rows]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 2), min_size=1, max_size=5))
def test_decimal_commas_between_semicolons_give_the_same_numbers(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    path.write_text("a;b\n" + "\n".join(";".join(repr(x).replace(".", ",") for x in row) for row in rows))
    table = read_table(path)
    assert table.numbers(("a", "b")).tolist() == [list(row) for row in rows]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        table = read_table(path)
    except ValueError as error:
        said = str(error)
    else:
        said = str(path)
        assert len(table.cells) == len(table.lines) >= 1
        assert len(table.names) == table.cells.shape[1]
    assert str(path) in said
