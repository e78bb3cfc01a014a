"""Read a CSV file as it comes: any usual delimiter and encoding, every cell as it was written, in bounded memory.

Nothing is turned into numbers here. ``pandas.read_csv`` does that while it reads, and then nobody sees any more that
a column of amounts was written ``"$1,200"``, or that one row in a thousand said ``"n/a"``.
"""

import codecs
import csv
import gzip
import io
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from groundup.errors import GroundupError, UsageError

ROWS = 100_000  # rows that are kept, at most
CELLS = 5_000_000  # and cells: of a wide table, fewer rows are kept
BYTES = 1 << 30  # how much of a file is read, at most
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# The first bytes of files that people pass by mistake, and what to do with each.
OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook: open it and save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: open it and save the sheet as CSV",
    b"PAR1": "a Parquet file: pandas.read_parquet(file).to_csv(...) turns it into CSV",
    b"%PDF": "a PDF document",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"SQLite": "a database: export the table as CSV",
    b"\x80\x04": "a Python pickle: never open one from someone whom you don't trust",
    b"\x80\x05": "a Python pickle: never open one from someone whom you don't trust",
}


@dataclass(frozen=True, eq=False)
class Reading:
    """A table as it was written, and how it was read.

    Parameters
    ----------
    frame : every cell a text; what was not there is ``""``. Its index is the place of each row among the data rows of
        the file, from 1.
    path, size : the file, and its bytes on the disk.
    encoding, delimiter : as found.
    rows : data rows seen in the file.
    complete : whether the file was read to its end; if not, ``rows`` are those of the part that was read.
    short, long : rows with fewer, and with more, cells than there are names.
    header : the names as written.
    """

    frame: pd.DataFrame
    path: Path
    size: int
    encoding: str
    delimiter: str
    rows: int
    complete: bool
    short: int
    long: int
    header: tuple[str, ...]

    @property
    def sampled(self) -> bool:
        """Whether ``frame`` has fewer rows than were seen."""
        return len(self.frame) < self.rows

    def looked_at(self) -> str:
        """Say which rows are in ``frame``: all, or which sample."""
        if not self.sampled and self.complete:
            return f"all {self.rows:,} rows"
        part = "of the file" if self.complete else f"of the first {BYTES / 2**30:.0f} GiB of the file"
        if not self.sampled:
            return f"the {self.rows:,} rows {part}"
        return f"{len(self.frame):,} rows, drawn at random from the {self.rows:,} rows {part}"


def read_table(
    path: Path, rows: int | None = ROWS, seed: int = 0, progress: Callable[[str], None] | None = None
) -> Reading:
    """Read a CSV file, plain or gzipped.

    Parameters
    ----------
    path : the file.
    rows : keep at most so many rows, drawn at random from all (each with the same chance), in the file's order. None
        keeps all of them, however many.
    seed : of the draw.
    progress : called with a line of text now and then.

    Raises
    ------
    UsageError
        There is no such file, or it is no CSV.
    GroundupError
        It is empty, cannot be read, or breaks off inside a quotation.
    """
    size = _check_file(path)
    head = _head(path)
    _check_format(path, head)
    encodings = [next((name for mark, name in BYTE_ORDER_MARKS.items() if head.startswith(mark)), "utf-8")]
    # Windows-1252 is Latin-1 with letters where Latin-1 has control characters; five bytes mean nothing in it.
    for encoding in [*encodings, "cp1252", "latin-1"]:
        try:
            return _read(path, size, encoding, head, rows, seed, progress)
        except UnicodeDecodeError:
            continue
        except csv.Error as error:
            raise GroundupError(
                f"Cannot read {path} as CSV: {error}. Is there a quotation mark without its end?"
            ) from None
        except (OSError, EOFError) as error:
            raise GroundupError(f"Cannot read {path}: {error}") from None
    raise AssertionError("unreachable: every byte is a letter in latin-1")


def _read(
    path: Path,
    size: int,
    encoding: str,
    head: bytes,
    rows: int | None,
    seed: int,
    progress: Callable[[str], None] | None,
) -> Reading:
    beginning = codecs.getincrementaldecoder(encoding)().decode(head)  # a letter cut at the end is no error here
    limit = csv.field_size_limit(1 << 20)  # a longer cell is a quotation that was never closed
    try:
        delimiter = _delimiter(beginning)
        with _open(path) as binary, io.TextIOWrapper(binary, encoding=encoding, newline="") as text:
            # A stray NUL stands for nothing, and would make texts differ that look equal.
            lines = csv.reader((line.replace("\0", "") for line in text), delimiter=delimiter)
            header = next((cells for cells in lines if any(cell.strip() for cell in cells)), None)
            if header is None:
                raise GroundupError(f"{path} is empty: it has no line with anything in it.")
            keep = None if rows is None else max(1, min(rows, CELLS // len(header)))
            width, counts = len(header), Counter()
            ended = False

            def data_rows() -> Iterator[list[str]]:
                nonlocal ended
                for number, cells in enumerate(lines, 1):
                    if number % 20_000 == 0:
                        if rows is not None and binary.tell() > BYTES:
                            return
                        if progress:
                            progress(f"reading {path.name}: {number:,} rows")
                    if not cells:  # a blank line
                        continue
                    if len(cells) != width:
                        counts["short" if len(cells) < width else "long"] += 1
                        cells = (cells + [""] * width)[:width]
                    yield cells
                ended = True

            kept, seen = _sample(data_rows(), keep, seed)
    finally:
        csv.field_size_limit(limit)
    numbers = pd.RangeIndex(1, len(kept) + 1) if keep is None or seen <= keep else [number for number, _ in kept]
    columns = list(zip(*(cells for _, cells in kept))) or [()] * width
    cells = {name: np.array(cells, dtype=object) for name, cells in zip(_unique(header), columns)}
    frame = pd.DataFrame(cells, index=numbers)
    return Reading(frame, path, size, encoding, delimiter, seen, ended, counts["short"], counts["long"], tuple(header))


def _sample(rows: Iterator[Any], keep: int | None, seed: int) -> tuple[list[tuple[int, Any]], int]:
    """Keep ``keep`` rows, each with the same chance, in one pass; return them with their numbers, and how many came.

    The reservoir is full after ``keep`` rows; then each new row takes a random place with chance keep / number. How
    many rows pass until the next one that does is drawn at once (Li 1994, "Reservoir-sampling algorithms", L).
    """
    draw = random.Random(seed)
    kept: list[tuple[int, Any]] = []
    number, threshold, chance = 0, 0, 1.0
    for number, row in enumerate(rows, 1):
        if keep is None or number <= keep:
            kept.append((number, row))
        elif number == threshold:
            kept[draw.randrange(keep)] = (number, row)
        if keep is not None and number >= keep and number >= threshold:
            chance *= math.exp(math.log(1 - draw.random()) / keep)
            skip = math.log(1 - draw.random()) / math.log1p(-chance) if chance < 1 else 0
            threshold = number + 1 + int(skip)
    return sorted(kept, key=lambda item: item[0]), number


def _check_file(path: Path) -> int:
    if not path.exists():
        beside = [p.name for p in path.parent.iterdir() if p.is_file()] if path.parent.is_dir() else []
        near = get_close_matches(path.name, beside, n=2, cutoff=0.6)
        raise UsageError(f"There is no file {path}." + (f" Did you mean {' or '.join(near)}?" if near else ""))
    if path.is_dir():
        inside = sorted(p.name for p in path.glob("*.csv"))
        raise UsageError(
            f"{path} is a folder, expected a CSV file" + (f", such as {path / inside[0]}" if inside else "")
        )
    try:
        size = path.stat().st_size
        path.open("rb").close()
    except OSError as error:
        raise GroundupError(f"Cannot read {path}: {error.strerror}") from None
    if size == 0:
        raise GroundupError(f"{path} is empty: it has 0 bytes.")
    return size


# Bytes that a text has hardly any of, in every encoding but UTF-16: control characters, but for white space and Escape.
# Where all bytes are equally frequent, as in compressed files, one in ten is among them.
CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))


def _check_format(path: Path, head: bytes) -> None:
    other = next((what for magic, what in OTHER_FORMATS.items() if head.startswith(magic)), None)
    start = head.lstrip()[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        other = "a web page or XML: was it an error page that was downloaded?"
    elif start.startswith((b"[{", b"[\n", b"{\n", b'{"')):
        other = "JSON: pandas.read_json(file).to_csv(...) turns it into CSV"
    marked = head.startswith(tuple(BYTE_ORDER_MARKS))  # UTF-16 has many zero bytes
    if other is None and not marked and len(head.translate(None, CONTROLS)) < 0.99 * len(head):
        # Of each letter of European languages, UTF-16 has one byte that is zero: always the first, or the second.
        zeros = sorted((head[::2].count(0), head[1::2].count(0)))
        unmarked = zeros[0] < 0.01 * len(head) and zeros[1] > 0.4 * len(head)
        other = "UTF-16 without its byte order mark: save it as UTF-8" if unmarked else "a binary file"
    if other:
        raise UsageError(f"{path} is not CSV. It looks like {other}.")
    if not head.strip():
        raise GroundupError(f"{path} is empty: there is nothing but white space in it.")


def _open(path: Path) -> gzip.GzipFile | io.BufferedReader:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if zipped else path.open("rb")


def _head(path: Path) -> bytes:
    """The first 256 KiB, unpacked."""
    try:
        with _open(path) as file:
            return file.read(1 << 18)
    except (OSError, EOFError) as error:
        raise GroundupError(f"Cannot read {path}: {error}") from None


def _delimiter(text: str) -> str:
    """The delimiter that cuts the first lines into the most, and as many as the header has, cells; else a comma."""
    lines = text.splitlines(keepends=True)[:200]
    lines = lines[:-1] if len(lines) > 1 and not text.endswith(("\n", "\r")) else lines
    best, most = ",", (0.0, 1)
    for delimiter in DELIMITERS:
        widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter) if cells] or [1]
        agreement = widths.count(widths[0]) / len(widths)
        found = (round(agreement, 1), widths[0])
        if widths[0] > 1 and found > most:
            best, most = delimiter, found
    return best


def _unique(header: list[str]) -> list[str]:
    """Names without white space around them, none empty, no two the same."""
    names: list[str] = []
    for place, written in enumerate(header, 1):
        name = base = written.strip() or f"column {place}"
        number = 2
        while name in names:
            name, number = f"{base} ({number})", number + 1
        names.append(name)
    return names
