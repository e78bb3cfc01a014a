"""The folder of a run: a new one each time, with files that are whole or not there."""

import json
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from groundup.console import plain


def new_folder(wanted: Path) -> Path:
    """Create and return ``wanted``, or ``wanted-2``, ``wanted-3``, ... if that exists: no run overwrites another."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        try:
            folder.mkdir()  # fails if it exists, so two runs that start together can't share one
        except FileExistsError:
            continue
        return folder
    raise AssertionError("unreachable: count() has no end")


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call ``write(temporary path)``, then give the result the name ``path``; if it fails, ``path`` is untouched.

    The file is written under another name beside its own, flushed to the disk, then renamed. A rename is one act of
    the file system: whoever opens the good name finds the old content or the new, whenever the process was killed.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())  # on the disk before it gets the name
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, document: Any) -> None:
    """Write one readable JSON document; NaN and infinity, which JSON lacks, become null."""
    text = json.dumps(plain(document), indent=2, allow_nan=False) + "\n"
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
