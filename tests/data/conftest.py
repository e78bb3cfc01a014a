"""These tests need no network and no real data: what needs real MNIST says that it was skipped."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_data import Server, Tiny


@pytest.fixture(scope="session")
def tiny() -> Tiny:
    return Tiny()


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a data folder of its own, no mirror, and no way to the internet."""
    monkeypatch.setenv("GROUNDUP_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("GROUNDUP_MIRROR", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody answers on the discard port
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.delenv("ALL_PROXY", raising=False)
    monkeypatch.delenv("all_proxy", raising=False)
    return tmp_path / "data"


@pytest.fixture
def canonical() -> Path:
    """A folder of canonical data sets, where there is one."""
    folder = Path(os.environ.get("GROUNDUP_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (folder / "mnist").is_dir():
        pytest.skip(f"needs MNIST in {folder}/mnist (GROUNDUP_TEST_DATA names another folder)")
    return folder


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.closing.set()
    server.http.shutdown()
    server.http.server_close()
