"""What is on disk is whole or not there; what is not whole is refused in words."""

import os
import pickle

import pytest
import torch
from lightning_fabric.plugins.precision import Precision
from torch import nn

from groundup.errors import GroundupError
from groundup.training.checkpoints import (
    load_checkpoint,
    load_last_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
    write_atomically,
)
from groundup.training.folder import RunFolder
from groundup.training.state import TrainingState


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


def test_a_checkpoint_returns_tensors_and_values_as_they_were(tmp_path):
    state = {"model": {"w": torch.randn(3)}, "history": [{"loss": 0.5}], "best": (0.9, -0.1)}
    path = save_checkpoint(state, tmp_path / "checkpoints", step=7)
    loaded = load_checkpoint(path)
    assert torch.equal(loaded["model"]["w"], state["model"]["w"])
    assert loaded["history"] == state["history"]
    assert loaded["best"] == state["best"]
    assert list(path.parent.iterdir()) == [path]


def test_the_good_name_appears_only_when_the_content_is_complete(tmp_path, monkeypatch):
    seen = []
    rename = os.rename

    def watch(source, target):
        seen.append((list(tmp_path.glob("step-*")), torch.load(source)["epoch"]))
        rename(source, target)

    monkeypatch.setattr(os, "rename", watch)
    path = save_checkpoint({"epoch": 3}, tmp_path, step=1)
    assert seen == [([], 3)]
    assert load_checkpoint(path) == {"epoch": 3}


def test_the_last_two_are_kept(tmp_path):
    paths = [save_checkpoint({"step": step}, tmp_path, step) for step in (5, 10, 9_000_000, 100_000_000)]
    assert set(tmp_path.iterdir()) == set(paths[2:])
    assert load_last_checkpoint(tmp_path) == {"step": 100_000_000}


def truncate(path):
    path.write_bytes(path.read_bytes()[:-50])


def flip_one_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [truncate, flip_one_bit, empty])
def test_a_damaged_checkpoint_is_set_aside_for_the_one_before_and_that_is_said(tmp_path, damage, capsys):
    old, new = (save_checkpoint({"w": torch.full((1000,), step)}, tmp_path, step) for step in (1, 2))
    damage(new)
    with pytest.raises(GroundupError, match="is damaged"):
        load_checkpoint(new)
    loaded = load_last_checkpoint(tmp_path)
    assert loaded is not None
    assert loaded["w"][0] == 1
    assert f"{new} is damaged: its content does not have the checksum in its name" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {old.name, new.name + ".broken"}


def test_without_a_whole_checkpoint_there_is_none(tmp_path):
    assert load_last_checkpoint(tmp_path) is None
    assert load_last_checkpoint(tmp_path / "nowhere") is None
    truncate(save_checkpoint({"w": torch.zeros(100)}, tmp_path, 1))
    assert load_last_checkpoint(tmp_path) is None


class Intruder:
    def __reduce__(self):
        return (os.mkdir, ("intruder-was-here",))


@pytest.mark.parametrize("save", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content))])
def test_code_in_a_checkpoint_is_not_run(tmp_path, save):
    unnamed = tmp_path / "unnamed.pt"
    save({"w": Intruder()}, unnamed)
    from groundup.training.checkpoints import _digest

    path = unnamed.rename(tmp_path / f"step-00000001.{_digest(unnamed)}.pt")  # the checksum is right
    with pytest.raises(GroundupError, match="not a complete checkpoint"):
        load_checkpoint(path)
    assert not os.path.exists("intruder-was-here")


def test_weights_that_share_memory_are_saved_under_both_names(tmp_path):
    tied = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    tied["b"].weight = tied.get_parameter("a.weight")
    save_weights(tied, tmp_path / "model.safetensors")
    other = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    load_weights(other, tmp_path / "model.safetensors")
    assert torch.equal(other.get_parameter("b.weight"), tied.get_parameter("a.weight"))


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


def test_a_process_that_does_not_write_leaves_the_folder_alone(tmp_path):
    unfinished = tmp_path / ".model.safetensors.4711.tmp"  # of the process that writes
    unfinished.write_bytes(b"half")
    folder = RunFolder(tmp_path, writes=False)
    weights = nn.Linear(2, 3)
    optimizer = torch.optim.SGD(weights.parameters(), lr=0.1)
    state = TrainingState(weights, optimizer, Precision(), average=None)
    assert not folder.restore(state)
    folder.save(state)
    folder.write_json("summary.json", {})
    folder.write_text("sample.txt", "")
    folder.write_predictions({"logits": torch.zeros(2, 3)}, "test")
    folder.curve(1, {"loss": 0.5})
    folder.close()
    assert list(tmp_path.iterdir()) == [unfinished]
