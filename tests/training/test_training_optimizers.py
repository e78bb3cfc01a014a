"""The optimizer is the one named, with its settings; the schedule follows its formula."""

import math

import pytest
import torch
from torch import nn, optim

from groundup.training import OptimizerConfig
from groundup.training.optimizers import make_optimizer, make_schedule


@pytest.mark.parametrize(("name", "kind"), [("sgd", optim.SGD), ("adam", optim.Adam), ("adamw", optim.AdamW)])
def test_the_name_and_settings_arrive(name, kind):
    config = OptimizerConfig(name=name, lr=0.3, momentum=0.7, weight_decay=0.2)
    optimizer = make_optimizer(config, [nn.Parameter(torch.ones(2))])
    assert type(optimizer) is kind
    assert optimizer.defaults["lr"] == 0.3
    assert optimizer.defaults["weight_decay"] == 0.2
    assert optimizer.defaults.get("momentum", 0.7) == 0.7


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_the_learning_rate_follows_the_schedule_step_by_step(schedule):
    config = OptimizerConfig(name="sgd", lr=0.4, schedule=schedule)
    optimizer = make_optimizer(config, [nn.Parameter(torch.ones(2))])
    scheduler = make_schedule(config, optimizer, steps=8)
    for step in range(9):
        expected = 0.4 if schedule == "constant" else 0.4 * (1 + math.cos(math.pi * step / 8)) / 2
        assert optimizer.param_groups[0]["lr"] == pytest.approx(expected)
        optimizer.step()
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.4 if schedule == "constant" else 0.0)
