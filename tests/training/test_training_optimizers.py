"""The optimizer is the one named, with its settings."""

import pytest
import torch
from torch import nn, optim

from groundup.training import OptimizerConfig
from groundup.training.optimizers import make_optimizer

KINDS = {
    "adagrad": optim.Adagrad,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "nadam": optim.NAdam,
    "rmsprop": optim.RMSprop,
    "sgd": optim.SGD,
}


@pytest.mark.parametrize("name", KINDS)
def test_the_name_and_settings_arrive(name):
    config = OptimizerConfig(name=name, lr=0.3, momentum=0.7, betas=(0.8, 0.95), eps=1e-5, weight_decay=0.2)
    optimizer = make_optimizer(config, nn.Linear(2, 3))
    assert type(optimizer) is KINDS[name]
    assert optimizer.defaults["lr"] == 0.3
    assert optimizer.defaults["weight_decay"] == 0.2
    assert optimizer.defaults.get("momentum", 0.7) == 0.7
    assert optimizer.defaults.get("betas", (0.8, 0.95)) == (0.8, 0.95)
    assert optimizer.defaults.get("eps", 1e-5) == 1e-5


def test_nesterov_arrives():
    assert make_optimizer(OptimizerConfig(name="sgd", nesterov=True), nn.Linear(2, 3)).defaults["nesterov"]


def test_weight_decay_of_matrices_leaves_biases_and_scales_alone():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 3))
    config = OptimizerConfig(name="sgd", lr=1.0, momentum=0.0, weight_decay=0.5, decay="matrices")
    optimizer = make_optimizer(config, model)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)
    optimizer.step()
    for name, weight in model.named_parameters():
        factor = 0.5 if weight.ndim > 1 else 1.0
        torch.testing.assert_close(weight.detach(), factor * before[name])
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 6


def test_weights_that_do_not_learn_are_left_out():
    model = nn.Linear(2, 3)
    model.bias.requires_grad_(False)
    (group,) = make_optimizer(OptimizerConfig(decay="matrices"), model).param_groups
    assert [tuple(weight.shape) for weight in group["params"]] == [(3, 2)]
