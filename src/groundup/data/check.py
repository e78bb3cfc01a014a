"""Read a file and prove that it is the right one: no value is used before the checksum has matched."""

import gzip
import hashlib
import io
import zlib
from dataclasses import replace
from pathlib import Path

from groundup.data.dataset import File
from groundup.errors import GroundupError

GZIP = b"\x1f\x8b"  # the first two bytes of every gzip file
ANOTHER = "its content is another"


class BrokenFile(GroundupError):
    """A file is cut short, damaged or not the one it should be; ``fault`` says how, with both checksums.

    ``other`` describes a file that is whole, as far as one can see, but another one; otherwise it is None.
    """

    def __init__(self, where: str, fault: str, remedy: str = "", other: File | None = None) -> None:
        super().__init__(f"{where} is broken: {fault}. {remedy}".rstrip())
        self.fault = fault
        self.other = other


def read_checked(path: Path, file: File, remedy: str = "") -> bytes:
    """Return the content of a file, without its gzip wrapping, once its SHA-256 has been found to match.

    Parameters
    ----------
    path : where it lies.
    file : what it should be.
    remedy : a sentence for the error message: what the reader can do.

    Raises
    ------
    BrokenFile
        The content is not the expected one; the message holds the expected and the found checksum.
    GroundupError
        The file cannot be read at all.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise GroundupError(f"Cannot read {path} ({error.strerror}). {remedy}".rstrip()) from None
    content, fault = _unpack(raw)
    checked = raw if file.packed else content
    found = replace(file, size=len(checked), sha256=hashlib.sha256(checked).hexdigest())
    if not fault and found.sha256 == file.sha256:
        return content
    other = None
    if not fault:
        fault = _likely_cause(raw, checked, file)
        other = found if fault == ANOTHER else None
    unit = "bytes" if file.packed else "bytes unpacked"
    expected = f"expected SHA-256 {file.sha256} of {file.size:,} {unit}"
    raise BrokenFile(str(path), f"{fault} ({expected}, found {found.sha256} of {found.size:,} bytes)", remedy, other)


def _unpack(raw: bytes) -> tuple[bytes, str]:
    """Take off the gzip wrapping, if there is one; return what could be unpacked, and what went wrong."""
    if not raw.startswith(GZIP):
        return raw, ""
    chunks = []
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
        try:
            while chunk := stream.read1(1 << 20):  # read1 gives what precedes a fault; read would withhold it
                chunks.append(chunk)
        except EOFError:
            return b"".join(chunks), "it is cut short, its gzip stream ends early"
        except (gzip.BadGzipFile, zlib.error):
            return b"".join(chunks), "its gzip stream is damaged"
    return b"".join(chunks), ""


def _likely_cause(raw: bytes, checked: bytes, file: File) -> str:
    if not checked:
        return "it is empty"
    if checked.lstrip()[:1] == b"<":
        return "it is a web page, as a login or error page sent in its place would be"
    if len(checked) < file.size and not raw.startswith(GZIP):  # a gzip stream knows for itself whether it is whole
        return "it is too short"
    return ANOTHER
