"""``groundup data`` as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_data import Server, wait_until

from groundup import data

COMMAND = [sys.executable, "-m", "groundup.cli", "data"]


def groundup_data(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, env=os.environ | env, check=False)


def test_list():
    result = groundup_data(COLUMNS="160")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    count = len(data.cards())
    assert [line.split()[0] for line in lines[1 : count + 1]] == list(data.cards())
    assert "70,000" in lines[3]
    assert "CC BY-SA 3.0" in lines[3]
    assert lines[1].rstrip().endswith("yes, bundled")
    assert lines[3].rstrip().endswith("no")
    assert lines[count + 1] == "To get mnist: groundup data fetch mnist"


def test_list_as_json():
    result = groundup_data("--json")
    document = json.loads(result.stdout)
    assert [(row["name"], row["rows"]) for row in document["data"]] == [
        ("digits", 1797),
        ("shakespeare_sample", 99843),
        ("mnist", 70000),
        ("fashion_mnist", 70000),
        ("cifar10", 60000),
        ("tinyshakespeare", 1115394),
        ("names", 29494),
        ("multi30k", 31014),
        ("lending_club", 9857),
        ("loans_full_schema", 10000),
        ("chicago", 5698),
        ("movielens", 100004),
        ("ett", 17420),
        ("nycflights13", 336776),
        ("fine_foods", 5000),
        ("movie-reviews", 10662),
    ]
    assert [row["present"] for row in document["data"]][:3] == [True, True, False]


def test_show():
    result = groundup_data("show", "digits", COLUMNS="200")
    assert result.returncode == 0
    for text in (data.card("digits").files[0].sha256, "CC BY 4.0", "Alpaydin", "1,437 train + 360 test"):
        assert text in result.stdout
    document = json.loads(groundup_data("show", "mnist", "--json").stdout)
    assert [row["name"] for row in document["data"]] == ["mnist"]


def test_fetch_what_is_bundled():
    result = groundup_data("fetch", "digits")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("digits is ready in ")
    assert json.loads(groundup_data("fetch", "digits", "--json").stdout)["fetched"][0]["name"] == "digits"


def test_fetch_mnist(canonical: Path, data_folder: Path):
    result = groundup_data("fetch", "mnist", "--json", GROUNDUP_MIRROR=str(canonical))
    assert result.returncode == 0, result.stderr
    fetched = {"name": "mnist", "folder": str(data_folder / "mnist"), "unverified": []}
    assert json.loads(result.stdout) == {"fetched": [fetched]}
    assert result.stderr.count("checked") == 4
    assert data.is_present("mnist")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fetch", "mnits"], "Did you mean mnist"),
        (["fetch", "digits", "mnits"], "Did you mean mnist"),
        (["show", "lending-club"], "Did you mean lending_club?"),
        (["fetch"], "groundup data fetch mnist"),
        (["list", "mnist"], "groundup data show mnist"),
        (["--unverified"], "groundup data fetch NAME --unverified"),
        (["fetch", "digits", "--unverified"], "digits is not downloaded"),
        (["get"], "'fetch'"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str):
    result = groundup_data(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_no_network(data_folder: Path):
    result = groundup_data("fetch", "mnist")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("groundup: Could not get the data set mnist: ")
    assert result.stderr.count("\n") == 1
    for text in ("ossci-datasets.s3.amazonaws.com", "storage.googleapis.com", "GROUNDUP_MIRROR", str(data_folder)):
        assert text in result.stderr


def test_broken_mirror_is_named(tmp_path: Path, data_folder: Path):
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "train-images-idx3-ubyte.gz").write_bytes(b"<html>")
    result = groundup_data("fetch", "mnist", GROUNDUP_MIRROR=str(tmp_path))
    assert result.returncode == 1
    for text in (f"{tmp_path / 'mnist'} (sent a broken file", "web page", data.card("mnist").files[0].sha256, "found"):
        assert text in result.stderr
    assert list((data_folder / "mnist").iterdir()) == []
    assert groundup_data("fetch", "mnist", GROUNDUP_MIRROR=str(tmp_path / "nowhere")).returncode == 2


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_progress_bar_on_a_screen_then_killed(server: Server, data_folder: Path):
    """The bar goes to standard error; a kill leaves nothing that counts as present."""
    import pty
    import termios

    server.answers["/mnist/train-images-idx3-ubyte.gz"] = server.stall
    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    os.set_blocking(screen, False)
    env = os.environ | {"GROUNDUP_MIRROR": server.url}
    process = subprocess.Popen([*COMMAND, "fetch", "mnist"], stdout=subprocess.PIPE, stderr=terminal, env=env)
    home = data_folder / "mnist"
    try:
        wait_until(lambda: any(path.stat().st_size > 100_000 for path in home.glob(".*.part")))
        shown = os.read(screen, 65536).decode()
    finally:
        process.kill()
        process.communicate()
        os.close(screen)
        os.close(terminal)
    assert "train-images-idx3-ubyte.gz" in shown
    assert "%" in shown
    assert not data.is_present("mnist")
    assert [path.name.startswith(".train-images") for path in home.iterdir()] == [True]
