"""What is on disk is whole or not there; what is not whole is refused in words."""

import os
import pickle

import pytest
import torch
from torch import nn

from groundup.errors import GroundupError
from groundup.training.checkpoints import (
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
    write_atomically,
)


def test_a_write_that_fails_half_way_leaves_the_good_file_and_no_other(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"good")

    def fail_half_way(temporary):
        temporary.write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail_half_way)
    assert path.read_bytes() == b"good"
    assert list(tmp_path.iterdir()) == [path]


def test_the_good_name_appears_only_when_the_content_is_complete(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    seen = []
    replace = os.replace

    def watch(source, target):
        seen.append((target.exists(), load_checkpoint(source)["epoch"]))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watch)
    save_checkpoint({"epoch": 3}, path)
    assert seen == [(False, 3)]
    assert load_checkpoint(path) == {"epoch": 3}


def test_a_checkpoint_returns_tensors_and_values_as_they_were(tmp_path):
    state = {"model": {"w": torch.randn(3)}, "history": [{"loss": 0.5}], "best": (0.9, -0.1)}
    save_checkpoint(state, tmp_path / "checkpoint.pt")
    loaded = load_checkpoint(tmp_path / "checkpoint.pt")
    assert torch.equal(loaded["model"]["w"], state["model"]["w"])
    assert loaded["history"] == state["history"]
    assert loaded["best"] == state["best"]


def test_a_truncated_or_missing_checkpoint_is_refused(tmp_path):
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(GroundupError, match="There is no checkpoint"):
        load_checkpoint(path)
    save_checkpoint({"w": torch.randn(100)}, path)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(GroundupError, match="not a complete checkpoint"):
        load_checkpoint(path)


class Intruder:
    def __reduce__(self):
        return (os.mkdir, ("intruder-was-here",))


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    torch.save({"w": Intruder()}, tmp_path / "checkpoint.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Intruder()))
    for name in ("checkpoint.pt", "plain.pt"):
        with pytest.raises(GroundupError):
            load_checkpoint(tmp_path / name)
    assert not (tmp_path / "intruder-was-here").exists()


def test_weights_of_another_model_or_a_broken_file_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    with pytest.raises(GroundupError, match="There is no weights file"):
        load_weights(nn.Linear(2, 3), path)
    save_weights(nn.Linear(2, 3), path)
    for other in (nn.Linear(3, 2), nn.Linear(2, 3, bias=False), nn.Conv2d(2, 3, 1)):
        with pytest.raises(GroundupError, match="does not hold weights for this model"):
            load_weights(other, path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(GroundupError, match="does not hold weights for this model"):
        load_weights(nn.Linear(2, 3), path)
