"""Files as they come: delimiters, encodings, samples of long files, and clear answers for what is no table."""

import gzip
import subprocess
import sys

import numpy as np
import pytest

from groundup.applications.audit.columns import read_column
from groundup.applications.audit.reading import read_table
from groundup.errors import GroundupError, UsageError


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_delimiters_and_encodings(tmp_path, delimiter, encoding):
    path = tmp_path / "t.csv"
    rows = [["name", "price"], ["Zürich", "3.5"], ['a "quoted" name', "4"]]
    text = "\n".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    path.write_bytes(text.encode(encoding))
    read = read_table(path)
    assert read.delimiter == delimiter
    assert read.frame.to_numpy().tolist() == rows[1:]
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_table(packed).frame.to_numpy().tolist() == rows[1:]


def test_decimal_commas_do_not_hide_the_semicolon(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a;b\n1,5;2,3\n1,6;2,4\n", encoding="utf-8")
    read = read_table(path)
    assert list(read.frame) == ["a", "b"]
    assert read_column("a", read.frame["a"]).values.tolist() == [1.5, 1.6]


def test_a_stray_nul_and_a_long_cell_are_read(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("name,price\n" + "Basel,3\n" * 40 + "Ba\0sel,3\n" + "x" * 200_000 + ",4\n", encoding="utf-8")
    assert set(read_table(path).frame["name"]) == {"Basel", "x" * 200_000}


def test_a_long_file_is_sampled_evenly_and_says_so(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("n,m\n" + "".join(f"{i},0\n" for i in range(1, 20_001)), encoding="utf-8")
    read = read_table(path, rows=2000, seed=4)
    numbers = read.frame["n"].astype(int).to_numpy()
    assert (numbers == np.asarray(read.frame.index)).all()
    assert len(set(numbers)) == 2000
    assert (np.diff(numbers) > 0).all()
    assert numbers.mean() == pytest.approx(10_000, abs=600)
    assert "2,000 rows, drawn at random from the 20,000 rows" in read.looked_at()
    assert (read_table(path, rows=2000, seed=4).frame.index == read.frame.index).all()


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", GroundupError, "0 bytes"),
        (b" \n\n", GroundupError, "white space"),
        (b"PK\x03\x04....", UsageError, "Excel"),
        (b"<!DOCTYPE html><html>", UsageError, "web page"),
        (b'[{"a": 1}]', UsageError, "JSON"),
        (b"\x80\x04\x95....", UsageError, "pickle"),
        (bytes(range(256)) * 8, UsageError, "binary"),
        (gzip.compress(bytes(range(256)) * 8), UsageError, "binary"),
        ("price,name\n3,Zürich\n".encode("utf-16-le"), UsageError, "UTF-16 without"),
        ("price,name\n3,Zürich\n".encode("utf-16-be"), UsageError, "UTF-16 without"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, content, error, message):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(error, match=message):
        read_table(path)


def test_no_such_file_names_the_nearest(tmp_path):
    (tmp_path / "loans.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"Did you mean loans\.csv"):
        read_table(tmp_path / "loan.csv")


def test_the_command_answers_in_a_sentence(tmp_path):
    (tmp_path / "one.csv").write_text("a\n1\n2\n", encoding="utf-8")
    run = [sys.executable, "-m", "groundup.cli", "audit", "one.csv"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "one column only" in done.stderr
    assert "Traceback" not in done.stderr
