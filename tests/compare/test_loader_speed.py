"""What is timed must be what training does: batches of the right shape, altered as they say, and steps that learn."""

import pytest
import torch

from groundup.compare import command, loader_speed
from groundup.errors import UsageError


def test_each_kind_of_batch_is_one_more_like_training():
    batches = {}
    for kind in loader_speed.KINDS:
        make = loader_speed.make_step("lenet", kind, batch_size=16, seed=0)
        (x, y), (again, _) = make(), make()
        assert x.shape == (16, 1, 28, 28)
        assert not torch.equal(x, again)  # the next batch, not the same one from a cache
        batches[kind] = x, y
    assert 0 <= batches["plain"][0].min() < batches["plain"][0].max() <= 1
    assert batches["moved"][0].min() < -1  # normalised
    assert batches["moved"][1].shape == (16,)
    assert batches["mixed"][1].shape == (16, 10)  # labels of two images


def test_a_step_trains():
    losses = []
    step = loader_speed.make_step("lenet", "step", batch_size=8, seed=0)
    backward = torch.Tensor.backward

    def kept(loss, *arguments, **more):
        losses.append(loss.item())
        return backward(loss, *arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "backward", kept)
        for _ in range(8):
            step()
    assert losses[-1] < losses[0]


def test_a_measurement_has_all_its_numbers():
    timing = loader_speed.measure("lenet", batch_size=8, threads=1, rounds=1, seconds_a_round=0.01)
    document = timing.to_dict()
    assert document["batch_ms"].keys() == document["kinds"].keys() == loader_speed.KINDS.keys()
    assert min(timing.step_ms, *timing.batch_ms.values()) > 0
    assert timing.share("plain") == timing.batch_ms["plain"] / timing.step_ms
    assert loader_speed.table(timing).row_count == len(loader_speed.KINDS) + 1


@pytest.mark.parametrize(
    ("names", "message"), [(("loader", "gru"), "does not read images"), (("loader", "lenett"), "Did you mean lenet")]
)
def test_models_that_cannot_be_measured_are_named(names, message):
    with pytest.raises(UsageError, match=message):
        command.bench(names, rounds=1, threads=1, seed=0, json=False)
