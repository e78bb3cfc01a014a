"""The learning rate follows its formula, step by step; where torch has the schedule, it agrees."""

import math

import pytest
import torch
from torch import nn, optim

from groundup.training import ScheduleConfig
from groundup.training.schedules import learning_rate_factor


def factors(steps, **choices):
    return [learning_rate_factor(ScheduleConfig(**choices), step, steps) for step in range(steps)]


def torch_factors(steps, make):
    optimizer = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
    scheduler = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_constant():
    assert factors(5, name="constant") == [1.0] * 5


@pytest.mark.parametrize("final", [0.0, 0.2])
def test_cosine_and_linear_fall_to_their_end(final):
    cosine = torch_factors(13, lambda o: optim.lr_scheduler.CosineAnnealingLR(o, 13, eta_min=final))
    assert factors(13, name="cosine", final=final) == pytest.approx(cosine)
    linear = torch_factors(13, lambda o: optim.lr_scheduler.LinearLR(o, 1.0, final, total_iters=13))
    assert factors(13, name="linear", final=final) == pytest.approx(linear)


def test_step_drops_at_its_milestones():
    expected = torch_factors(20, lambda o: optim.lr_scheduler.MultiStepLR(o, [10, 15], gamma=0.1))
    assert factors(20, name="step") == pytest.approx(expected)
    assert factors(4, name="step", milestones=(0.5,), factor=0.5) == [1, 1, 0.5, 0.5]


def test_one_cycle_is_that_of_torch_but_for_the_momentum():
    expected = torch_factors(
        41, lambda o: optim.lr_scheduler.OneCycleLR(o, 1.0, total_steps=41, pct_start=11 / 41, cycle_momentum=False)
    )
    # torch's rise ends on a whole step, pct_start * total - 1
    assert factors(41, name="one-cycle", warmup=10 / 41) == pytest.approx(expected, abs=1e-9)
    assert max(factors(10, name="one-cycle")) == pytest.approx(1.0)


def test_inverse_sqrt_is_that_of_the_transformer():
    width, warmup, steps = 512, 40, 400  # equation 3: width^-0.5 min(step^-0.5, step warmup^-1.5)
    paper = [width**-0.5 * min(step**-0.5, step * warmup**-1.5) for step in range(1, steps + 1)]
    peak = width**-0.5 * warmup**-0.5
    assert factors(steps, name="inverse-sqrt", warmup=warmup / steps) == pytest.approx([lr / peak for lr in paper])


@pytest.mark.parametrize("name", ["constant", "cosine", "linear", "step"])
def test_warmup_climbs_a_line_and_the_curve_takes_the_rest(name):
    found = factors(25, name=name, warmup=0.2)
    assert found[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    if name != "step":  # its milestones are shares of all steps
        assert found[5:] == pytest.approx(factors(20, name=name))
    else:
        assert found[5:] == pytest.approx(factors(25, name=name)[5:])


@pytest.mark.parametrize("name", ["constant", "cosine", "linear", "step", "one-cycle", "inverse-sqrt"])
@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_short_runs_work_too(name, steps):
    found = factors(steps, name=name, warmup=0.3)
    assert all(0 < factor <= 1 for factor in found)
    assert all(map(math.isfinite, found))
