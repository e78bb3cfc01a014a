"""Weights on disk: round trip, PyTorch's names, and files that are not what they should be."""

import numpy as np
import pytest
import torch

from groundup.scratch import load, save
from groundup.scratch.models import mlp


@pytest.fixture
def model():
    return mlp([5, 3, 2], rng=np.random.default_rng(0))


def test_round_trip(model, tmp_path):
    path = save(model, tmp_path / "deep" / "weights.npz")
    other = mlp([5, 3, 2], rng=np.random.default_rng(1))
    load(other, path)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, other.state_dict()[name])


def test_keys_fit_pytorch(model, tmp_path):
    twin = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(5, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    with np.load(save(model, tmp_path / "w.npz")) as file:
        twin.load_state_dict({name: torch.from_numpy(file[name]) for name in file.files})
    x = np.ones((1, 5), np.float32)
    np.testing.assert_allclose(model(x), twin(torch.from_numpy(x)).detach().numpy(), rtol=1e-6)


def test_an_interrupted_save_leaves_the_old_file(model, tmp_path, monkeypatch):
    path = save(model, tmp_path / "w.npz")
    before = path.read_bytes()

    def fails(*args, **kwargs):
        args[0].write(b"half a fi")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fails)
    with pytest.raises(OSError, match="disk full"):
        save(model, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"not an npz file", b"PK\x03\x04 half of one"])
def test_a_broken_file_is_named(model, tmp_path, content):
    path = tmp_path / "w.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"w\.npz is not a whole npz file"):
        load(model, path)


def test_a_truncated_file_is_named(model, tmp_path):
    path = save(model, tmp_path / "w.npz")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match="truncated"):
        load(model, path)


def test_another_models_weights_are_refused(model, tmp_path):
    path = save(mlp([5, 4, 2], rng=np.random.default_rng(0)), tmp_path / "w.npz")
    with pytest.raises(ValueError, match="has shape"):
        load(model, path)


def test_pickles_are_refused(model, tmp_path):
    path = tmp_path / "w.npz"
    np.savez(path, allow_pickle=True, **{"1.weight": np.array([{"a": 1}], dtype=object)})
    with pytest.raises(ValueError, match="not a whole npz file"):
        load(model, path)
