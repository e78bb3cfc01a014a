"""Files that are not the original, and that the reader has taken as they are, knowing it.

Not every copy of a data set has the original's bytes: the same pictures saved as JPEG differ in their pixels. Such a
copy is good to learn with, but a result on it is not a result on the original. So it is refused, unless asked for by
``groundup data fetch NAME --unverified``. That leaves a note beside the file, ``FILE.unverified``, with the checksum of
what was taken: from then on every load says that these are not the original bytes, and still finds any later damage.
"""

import json
from dataclasses import asdict
from pathlib import Path

from groundup.data.check import BrokenFile, read_checked
from groundup.data.dataset import File

NOT_ORIGINAL = "not the original bytes"


def accept(home: Path, other: File) -> None:
    """Note that the file in the folder ``home`` may be ``other`` than the original."""
    from groundup.runs import write_json

    write_json(_note(home, other), {"about": NOT_ORIGINAL, **asdict(other)})


def accepted(home: Path, file: File) -> File | None:
    """Return what was taken in the place of ``file``; None for the original."""
    try:
        note = json.loads(_note(home, file).read_text(encoding="utf-8"))
        return File(file.name, note["size"], note["sha256"], note["packed"])
    except (OSError, ValueError, KeyError, TypeError):  # no note, or one that says nothing
        return None


def read_accepted(home: Path, file: File, remedy: str = "") -> bytes:
    """Return the content of a file in ``home`` if it is the original, or what was taken in its place.

    Raises what :func:`groundup.data.check.read_checked` raises, about the original.
    """
    other = accepted(home, file)
    if other:
        try:
            return read_checked(home / file.name, other)
        except BrokenFile:  # neither the one nor the other, unless someone has put the original there since
            content = read_checked(home / file.name, file, remedy)
            _note(home, file).unlink(missing_ok=True)
            return content
    return read_checked(home / file.name, file, remedy)


def _note(home: Path, file: File) -> Path:
    return home / f"{file.name}.unverified"
