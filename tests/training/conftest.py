"""A data set so small that a run takes a fraction of a second: some of the bundled digits."""

import sys

import pytest
from toys import register_toys, small_digits, small_text

from groundup import cli
from groundup.models import registry
from groundup.training import TrainConfig


@pytest.fixture(scope="session")
def digits():
    return small_digits()


@pytest.fixture(scope="session")
def text():
    return small_text()


@pytest.fixture
def toys(monkeypatch):
    """The models toy_images and toy_text, for this test alone."""
    monkeypatch.setattr(registry, "_cards", dict(registry._cards))
    register_toys()


@pytest.fixture
def config():
    return TrainConfig(model="lenet", data="digits", epochs=2, device="cpu")


@pytest.fixture
def groundup(monkeypatch, capsys):
    """Run a command in this process; return its exit code, standard output and standard error."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["groundup", *map(str, words)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Runs go to a temporary folder, never to the reader's."""
    monkeypatch.chdir(tmp_path)
