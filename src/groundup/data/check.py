"""Read a file and prove that it is the right one: no value is used before the checksum has matched."""

import gzip
import hashlib
import io
import zlib
from pathlib import Path

from groundup.data.dataset import File
from groundup.errors import GroundupError


class BrokenFile(GroundupError):
    """A file is cut short, damaged or not the one it should be; ``fault`` says how, with both checksums."""

    def __init__(self, where: str, fault: str, remedy: str = "") -> None:
        super().__init__(f"{where} is broken: {fault}. {remedy}".rstrip())
        self.fault = fault


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
    found = hashlib.sha256(content).hexdigest()
    if not fault and found == file.sha256:
        return content
    if not fault:
        fault = _likely_cause(content, file)
    expected = f"expected SHA-256 {file.sha256} of {file.size:,} bytes unpacked"
    raise BrokenFile(str(path), f"{fault} ({expected}, found {found} of {len(content):,} bytes)", remedy)


def _unpack(raw: bytes) -> tuple[bytes, str]:
    """Take off the gzip wrapping, if there is one; return what could be unpacked, and what went wrong."""
    if not raw.startswith(b"\x1f\x8b"):  # the first two bytes of every gzip file
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


def _likely_cause(content: bytes, file: File) -> str:
    if not content:
        return "it is empty"
    if content.lstrip()[:1] == b"<":
        return "it is a web page, as a login or error page sent in its place would be"
    if len(content) < file.size:
        return "it is too short"
    return "its content is another"
