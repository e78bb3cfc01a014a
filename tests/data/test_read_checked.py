import gzip
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundup.data.check import BrokenFile, read_checked
from groundup.data.dataset import File
from groundup.errors import GroundupError


def described(content: bytes) -> File:
    return File("file", len(content), hashlib.sha256(content).hexdigest())


@given(content=st.binary(max_size=300).filter(lambda content: not content.startswith(b"\x1f\x8b")))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_content_is_the_same_however_it_is_wrapped(tmp_path: Path, content: bytes):
    path = tmp_path / "file"
    members = gzip.compress(content[:100]) + gzip.compress(content[100:])
    for wrapped in (content, gzip.compress(content, 1), gzip.compress(content, 9, mtime=5), members):
        path.write_bytes(wrapped)
        assert read_checked(path, described(content)) == content


@given(content=st.binary(min_size=1, max_size=300), data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_and_any_cut_is_caught(tmp_path: Path, content: bytes, data: st.DataObject):
    """Raw content: every single-byte change. Packed: every cut, whether or not it reaches the content."""
    path = tmp_path / "file"
    at = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[at] ^= data.draw(st.integers(1, 255))
    packed = gzip.compress(content)
    for broken in (bytes(changed), content[:at], packed[: data.draw(st.integers(0, len(packed) - 1))]):
        path.write_bytes(broken)
        with pytest.raises(BrokenFile):
            read_checked(path, described(content))


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        (gzip.compress(os.urandom(5000))[:4000], "cut short"),
        (gzip.compress(b"a" * 50) + b"trailing", "stream is damaged"),
        (b"\x1f\x8bno gzip after all", "stream is damaged"),
        (b"", "empty"),
        (gzip.compress(b""), "empty"),
        (b"\n <!DOCTYPE html><title>Sign in</title>", "web page"),
        (b"short", "too short"),
        (b"x" * 5000, "another"),
        (gzip.compress(b"x" * 5000), "another"),
    ],
    ids=("half", "trailing", "no gzip", "nothing", "nothing packed", "a page", "short", "another", "another packed"),
)
def test_error_names_file_cause_both_checksums_and_remedy(tmp_path: Path, broken: bytes, cause: str):
    expected = described(b"y" * 5000)
    path = tmp_path / "labels.gz"
    path.write_bytes(broken)
    with pytest.raises(BrokenFile) as caught:
        read_checked(path, expected, "Do this.")
    message = str(caught.value)
    assert cause in message
    assert str(path) in message
    assert expected.sha256 in message
    assert message.count("SHA-256") == 1
    assert message.endswith("Do this.")
    if not broken.startswith(b"\x1f\x8b"):
        assert hashlib.sha256(broken).hexdigest() in message


def test_a_damaged_wrapping_is_refused_even_around_the_right_content(tmp_path: Path):
    path = tmp_path / "file"
    for damaged in (gzip.compress(b"content") + b"trailing", gzip.compress(b"content")[:-1]):
        path.write_bytes(damaged)
        with pytest.raises(BrokenFile, match=f"found {described(b'content').sha256} of 7 bytes"):
            read_checked(path, described(b"content"))


def test_unreadable_file_is_named(tmp_path: Path):
    with pytest.raises(GroundupError, match=r"Cannot read .*nothing.*No such file"):
        read_checked(tmp_path / "nothing", described(b""))


def test_room_needs_numpy_alone():
    """Import the room and load digits in a process where every other third-party module is blocked."""
    code = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names | {"numpy", "groundup"}:
            raise ImportError(f"blocked: {name}", name=top)
sys.meta_path.insert(0, Block())
from groundup import data
assert len(data.load("digits").train) == 1437
assert data.is_present("digits") and not data.is_present("mnist")
"""
    env = {name: value for name, value in os.environ.items() if name != "GROUNDUP_DATA"}
    result = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
