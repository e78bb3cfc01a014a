import gzip
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from tiny_data import Server, Tiny, wait_until

from groundup.data import download
from groundup.data.dataset import Card
from groundup.errors import GroundupError, UsageError

pytest.importorskip("pooch")


def start_fetch(card: Card) -> subprocess.Popen[str]:
    """Fetch in another process."""
    code = """
import json, sys
from groundup.data import download
from groundup.data.dataset import Card, File
fields = json.loads(sys.argv[1])
fields["files"] = tuple(File(**file) for file in fields["files"])
print(download.fetch(Card(**fields)))
"""
    command = [sys.executable, "-c", code, json.dumps(asdict(card))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class TestGood:
    def test_over_http(self, tiny: Tiny, server: Server, data_folder: Path, capfd: pytest.CaptureFixture[str]):
        server.serve(tiny.contents)
        home = download.fetch(tiny.card(server.url))
        assert home == data_folder / "tiny"
        assert names_in(home) == set(tiny.contents)
        for name, content in tiny.contents.items():
            assert gzip.decompress((home / name).read_bytes()) == content
        assert download.is_present(tiny.card())
        told = capfd.readouterr()
        assert told.out == ""
        assert "127.0.0.1" in told.err

    def test_without_file_locks(self, tiny: Tiny, server: Server, monkeypatch: pytest.MonkeyPatch):
        """The way it goes on Windows."""
        monkeypatch.setattr(download, "fcntl", None)
        server.serve(tiny.contents)
        assert names_in(download.fetch(tiny.card(server.url))) == set(tiny.contents)

    def test_what_is_there_is_not_asked_for_again(self, tiny: Tiny, server: Server, data_folder: Path):
        home = tiny.write(data_folder)
        _, second, *_ = tiny.contents
        (home / second).write_bytes(b"")
        assert not download.is_present(tiny.card())
        (home / second).unlink()
        assert not download.is_present(tiny.card())
        server.serve(tiny.contents)
        download.fetch(tiny.card(server.url))
        assert server.asked == [f"/{second}"]

    def test_second_home_when_the_first_has_it_not(self, tiny: Tiny, server: Server):
        server.serve(tiny.contents, under="/good/")
        home = download.fetch(tiny.card(server.url + "bad/", server.url + "good/"))
        assert names_in(home) == set(tiny.contents)

    @pytest.mark.parametrize("kind", ["folder", "url", "url without slash"])
    def test_mirror_comes_first(
        self, tiny: Tiny, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
    ):
        server.serve(tiny.contents, under="/mirror/tiny/")
        tiny.write(tmp_path / "mirror")
        mirror = {"folder": str(tmp_path / "mirror"), "url": server.url + "mirror/"}.get(kind, server.url + "mirror")
        monkeypatch.setenv("GROUNDUP_MIRROR", mirror)
        home = download.fetch(tiny.card(server.url + "home/"))
        assert names_in(home) == set(tiny.contents)
        assert not any("home" in path for path in server.asked)
        assert len(server.asked) == (0 if kind == "folder" else 4)

    def test_home_stands_in_for_a_mirror_that_lacks_a_file(
        self, tiny: Tiny, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        mirrored = tiny.write(tmp_path / "mirror")
        missing, broken, *_ = tiny.contents
        (mirrored / missing).unlink()
        (mirrored / broken).write_bytes(b"<html>")
        server.serve(tiny.contents)
        monkeypatch.setenv("GROUNDUP_MIRROR", str(tmp_path / "mirror"))
        download.fetch(tiny.card(server.url))
        assert server.asked == [f"/{missing}", f"/{broken}"]

    def test_unpacked_by_the_way(self, tiny: Tiny, server: Server):
        """A server that says Content-Encoding: gzip makes the client unpack: the content counts."""
        server.answers = {f"/{name}": content for name, content in tiny.contents.items()}
        download.fetch(tiny.card(server.url))
        assert download.is_present(tiny.card())

    def test_folder_is_writable_only_if_something_must_be_written(self, tiny: Tiny, data_folder: Path):
        home = tiny.write(data_folder)
        before = {path: path.stat().st_mtime_ns for path in (home, *home.iterdir())}
        assert download.fetch(tiny.card()) == home
        assert {path: path.stat().st_mtime_ns for path in (home, *home.iterdir())} == before


class TestBroken:
    def broken(self, tiny: Tiny) -> dict[str, bytes]:
        content = next(iter(tiny.contents.values()))
        packed = gzip.compress(content)
        return {
            "cut short": packed[:-20],
            "stream is damaged": packed[:40] + bytes([packed[40] ^ 0xFF]) + packed[41:],
            "another": gzip.compress(b"x" * len(content)),
            "web page": b"<html>Please sign in</html>",
            "empty": b"",
        }

    @pytest.mark.parametrize("cause", ["cut short", "stream is damaged", "another", "web page", "empty"])
    def test_never_kept(self, tiny: Tiny, server: Server, data_folder: Path, cause: str):
        name = next(iter(tiny.contents))
        card = tiny.card(server.url)
        server.answers[f"/{name}"] = self.broken(tiny)[cause]
        with pytest.raises(GroundupError) as caught:
            download.fetch(card)
        message = str(caught.value)
        for part in ("tiny", name, server.url.split("/")[2], cause, card.files[0].sha256, "found", "GROUNDUP_MIRROR"):
            assert part in message
        assert names_in(data_folder / "tiny") == set()
        server.serve(tiny.contents)
        download.fetch(card)
        assert names_in(data_folder / "tiny") == set(tiny.contents)

    def test_a_broken_file_that_is_there_is_replaced(
        self, tiny: Tiny, server: Server, data_folder: Path, capfd: pytest.CaptureFixture[str]
    ):
        home = tiny.write(data_folder)
        name = next(iter(tiny.contents))
        (home / name).write_bytes(b"junk")
        server.serve(tiny.contents)
        download.fetch(tiny.card(server.url))
        assert gzip.decompress((home / name).read_bytes()) == tiny.contents[name]
        assert f"{name} is broken" in capfd.readouterr().err.replace("\n", "")

    @pytest.mark.parametrize("status", [403, 404, 500, 503])
    def test_status(self, tiny: Tiny, server: Server, status: int):
        server.answers = {f"/{name}": status for name in tiny.contents}
        with pytest.raises(GroundupError, match=rf"127.0.0.1:\d+ \({status} "):
            download.fetch(tiny.card(server.url))

    def test_connection_that_breaks_off(self, tiny: Tiny, server: Server, data_folder: Path):
        server.answers = {f"/{name}": server.break_off for name in tiny.contents}
        with pytest.raises(GroundupError, match="the connection broke off"):
            download.fetch(tiny.card(server.url))
        assert names_in(data_folder / "tiny") == set()

    def test_server_that_falls_silent(
        self, tiny: Tiny, server: Server, data_folder: Path, monkeypatch: pytest.MonkeyPatch
    ):
        server.answers = {f"/{name}": server.stall for name in tiny.contents}
        monkeypatch.setattr(download, "TIMEOUT", (1, 0.1))
        with pytest.raises(GroundupError, match="the connection broke off"):
            download.fetch(tiny.card(server.url))
        assert names_in(data_folder / "tiny") == set()

    def test_no_network_is_one_clear_sentence(self, tiny: Tiny, data_folder: Path):
        with pytest.raises(GroundupError) as caught:
            download.fetch(tiny.card("https://one.invalid/x/", "https://two.invalid/y/"))
        message = str(caught.value)
        assert "one.invalid (no connection) or two.invalid (no connection)" in message
        for part in ("data set tiny", "network", str(data_folder / "tiny"), "GROUNDUP_MIRROR", "tiny/train-images"):
            assert part in message
        assert "\n" not in message
        assert message.count(". ") == 0
        assert not download.is_present(tiny.card())


class TestFolders:
    @pytest.mark.parametrize("mirror", ["/no/such/folder", "ftp://example.org/x"])
    def test_mirror_that_does_not_exist(self, tiny: Tiny, monkeypatch: pytest.MonkeyPatch, mirror: str):
        monkeypatch.setenv("GROUNDUP_MIRROR", mirror)
        with pytest.raises(UsageError, match=f"GROUNDUP_MIRROR names '{mirror}'"):
            download.fetch(tiny.card("https://one.invalid/"))

    def test_data_folder_that_cannot_be_written(
        self, tiny: Tiny, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        (tmp_path / "file").write_text("in the way")
        monkeypatch.setenv("GROUNDUP_DATA", str(tmp_path / "file"))
        server.serve(tiny.contents)
        with pytest.raises(GroundupError, match=r"Cannot write train-images.* to .*file.*GROUNDUP_DATA"):
            download.fetch(tiny.card(server.url))
        assert not download.is_present(tiny.card())

    def test_full_disk(self, tiny: Tiny, server: Server, data_folder: Path, monkeypatch: pytest.MonkeyPatch):
        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        server.serve(tiny.contents)
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(GroundupError, match="No space left on device"):
            download.fetch(tiny.card(server.url))
        assert names_in(data_folder / "tiny") == set()

    def test_default_is_the_users_cache(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delenv("GROUNDUP_DATA")
        assert download.folder().parts[-2:] == ("groundup", "data")
        monkeypatch.setenv("GROUNDUP_DATA", "~/elsewhere")
        assert download.folder() == Path.home() / "elsewhere"


class TestKilled:
    def test_nothing_is_trusted_and_leftovers_go(self, tiny: Tiny, server: Server, data_folder: Path):
        """SIGKILL in mid-download: some bytes have been written, none of them under the good name."""
        card, home = tiny.card(server.url), data_folder / "tiny"
        first, second, *_ = tiny.contents
        server.serve(tiny.contents)
        server.answers[f"/{second}"] = server.stall
        process = start_fetch(card)
        wait_until(lambda: any(path.stat().st_size > 100_000 for path in home.glob(".*.part")))
        process.kill()
        process.communicate()
        assert process.returncode == (-signal.SIGKILL if os.name == "posix" else 1)

        good, leftover = sorted(names_in(home), key=lambda name: name.startswith("."))
        assert good == first
        assert second in leftover
        assert not download.is_present(card)

        server.serve(tiny.contents)
        download.fetch(card)
        assert names_in(home) == set(tiny.contents)
        assert server.asked.count(f"/{first}") == 1  # what was complete is kept

    def test_leftovers_of_a_running_fetch_stay(self, tiny: Tiny, server: Server, data_folder: Path):
        card, home = tiny.card(server.url), data_folder / "tiny"
        first, second, *_ = tiny.contents
        server.serve(tiny.contents)
        server.answers[f"/{second}"] = server.stall
        process = start_fetch(card)
        try:
            # Bytes have arrived: so the request was made, locked its file, and got the answer that stalls.
            wait_until(lambda: any(path.stat().st_size > 100_000 for path in home.glob(f".{second}.*.part")))
            running = names_in(home) - {first}
            server.serve(tiny.contents)
            download.fetch(card)
            assert names_in(home) == {*tiny.contents, *running}
        finally:
            process.kill()
            process.communicate()
        download.fetch(card)
        assert names_in(home) == set(tiny.contents)

    def test_several_at_once(self, tiny: Tiny, server: Server, data_folder: Path):
        server.serve(tiny.contents)
        processes = [start_fetch(tiny.card(server.url)) for _ in range(4)]
        for process in processes:
            _, errors = process.communicate()
            assert process.returncode == 0, errors
        assert names_in(data_folder / "tiny") == set(tiny.contents)
        download.fetch(tiny.card())  # checks all, and has nowhere to download from
