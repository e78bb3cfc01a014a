"""The average of the weights is that of the formula, and the model's own weights come back bit for bit."""

import pytest
import torch
from torch import nn

from groundup.training.averaging import Average


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def test_it_is_the_exponential_moving_average():
    module, decay = model(), 0.3
    average = Average(module, decay)
    expected = [value.detach().clone() for value in module.parameters()]
    for step in range(1, 40):
        d = min(decay, (1 + step) / (10 + step))
        for value, mean in zip(module.parameters(), expected):
            value.data.add_(torch.randn_like(value))
            mean.mul_(d).add_(value.detach(), alpha=1 - d)
        average.update(module)
    for mean, found in zip(expected, average.values):
        torch.testing.assert_close(found, mean)


def test_inside_the_module_has_the_average_and_after_it_its_own():
    module = model()
    average = Average(module, 0.9)
    start = {name: value.clone() for name, value in module.state_dict().items()}
    module(torch.randn(8, 3))  # moves the running statistics
    for value in module.parameters():
        value.data.mul_(2)
    own = {name: value.clone() for name, value in module.state_dict().items()}
    with average.inside(module):  # before any update: the first weights and statistics
        for name, value in module.state_dict().items():
            expected = own if "num_batches" in name else start
            assert torch.equal(value, expected[name]), name
    assert all(torch.equal(value, own[name]) for name, value in module.state_dict().items())


def test_it_comes_back_when_something_fails():
    module = model()
    average = Average(module, 0.9)
    own = module.get_parameter("0.weight").detach().clone() + 1
    module.get_parameter("0.weight").data.copy_(own)
    with pytest.raises(RuntimeError, match="stop"), average.inside(module):
        raise RuntimeError("stop")
    assert torch.equal(module.get_parameter("0.weight"), own)


def test_its_state_can_be_saved_and_loaded():
    module = model()
    one, two = Average(module, 0.5), Average(module, 0.5)
    module.get_parameter("0.weight").data.add_(1)
    one.update(module)
    two.load_state_dict(one.state_dict())
    for average in (one, two):
        average.update(module)
    assert all(map(torch.equal, one.values, two.values))
