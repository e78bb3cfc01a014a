"""A data set so small that a run takes a fraction of a second: some of the bundled digits."""

from dataclasses import replace

import pytest

from groundup import data
from groundup.data import Split
from groundup.training import TrainConfig


@pytest.fixture(scope="session")
def digits():
    whole = data.load("digits")
    return replace(
        whole,
        train=Split(whole.train.x[:200], whole.train.y[:200]),
        test=Split(whole.test.x[:50], whole.test.y[:50]),
    )


@pytest.fixture
def config():
    return TrainConfig(model="lenet", data="digits", epochs=2, device="cpu")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Runs go to a temporary folder, never to the reader's."""
    monkeypatch.chdir(tmp_path)
