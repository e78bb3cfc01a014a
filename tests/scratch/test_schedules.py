import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundup import scratch as gu
from groundup.compare.cases import schedules as cases
from groundup.compare.optimizer_teeth import bite
from groundup.scratch.parameter import Parameter


def sgd(lr: float = 0.4, **options) -> gu.SGD:
    return gu.SGD([Parameter(np.ones(3))], lr=lr, **options)


FORMULAS = [
    lambda o: gu.StepLR(o, 7),
    lambda o: gu.MultiStepLR(o, [3, 11]),
    lambda o: gu.ExponentialLR(o, 0.9),
    lambda o: gu.LinearLR(o),
    lambda o: gu.CosineAnnealingLR(o, 50),
    lambda o: gu.CosineAnnealingWarmRestarts(o, 5, 2),
    lambda o: gu.WarmupCosineLR(o, 10, 100),
    lambda o: gu.OneCycleLR(o, 0.4, 100),
]


@given(st.sampled_from(FORMULAS), st.integers(0, 100))
def test_resuming_at_any_step_takes_nothing_but_its_number(make, step):
    walked = make(sgd(momentum=0.5))
    for _ in range(step):
        walked.step()
    jumped = make(sgd(momentum=0.5))
    jumped.load_state_dict({"steps": step, "bases": [0.4]})
    assert jumped.optimizer.lr == walked.optimizer.lr
    assert jumped.optimizer.momentum == walked.optimizer.momentum
    assert 0 <= jumped.optimizer.lr <= 0.4 * (1 + 1e-12)


def test_warm_up_then_cosine_rises_in_a_line_and_ends_at_the_minimum():
    schedule = gu.WarmupCosineLR(sgd(), warmup_steps=10, total_steps=30, start_factor=0.1, eta_min=0.01)
    rates = []
    for _ in range(40):
        rates.append(schedule.optimizer.lr)
        schedule.step()
    assert rates[0] == pytest.approx(0.04)
    assert rates[10] == pytest.approx(0.4)
    np.testing.assert_allclose(np.diff(rates[:11]), 0.036)
    assert (np.diff(rates[10:31]) < 0).all()
    assert rates[30:] == [0.01] * 10


def test_one_cycle_moves_momentum_the_other_way_in_adam_too():
    adam = gu.Adam([Parameter(np.ones(3))], betas=(0.9, 0.99))
    schedule = gu.OneCycleLR(adam, max_lr=0.1, total_steps=20)
    assert adam.lr == pytest.approx(0.004)
    assert adam.betas == (0.95, 0.99)
    for _ in range(5):
        schedule.step()
    assert adam.lr == pytest.approx(0.1)
    assert adam.betas == (pytest.approx(0.85), 0.99)
    for _ in range(15):
        schedule.step()
    with pytest.raises(ValueError, match="step 21 of a cycle of 20"):
        schedule.step()


def test_a_plateau_is_noticed_and_nan_is_never_better():
    optimizer = sgd()
    schedule = gu.ReduceLROnPlateau(optimizer, patience=2, factor=0.5)
    for value, lr in [(1.0, 0.4), (math.nan, 0.4), (math.nan, 0.4), (math.nan, 0.2), (0.5, 0.2), (0.4, 0.2)]:
        schedule.step(value)
        assert optimizer.lr == lr


def test_a_state_that_does_not_fit_is_refused():
    schedule = gu.StepLR(sgd(), 7)
    with pytest.raises(KeyError, match="StepLR needs"):
        schedule.load_state_dict(gu.ReduceLROnPlateau(sgd()).state_dict())
    with pytest.raises(ValueError, match=r"2 learning rates.*1 parts"):
        schedule.load_state_dict({"steps": 3, "bases": [0.1, 0.2]})
    assert schedule.steps == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: gu.StepLR(o, 0), "step_size must be a whole number of at least 1, got 0"),
        (
            lambda o: gu.StepLR(o, 2.5),  # pyright: ignore[reportArgumentType]
            "got 2.5",
        ),
        (lambda o: gu.MultiStepLR(o, [5, 3]), "must rise"),
        (lambda o: gu.LinearLR(o, start_factor=0.0), "start_factor"),
        (lambda o: gu.LinearLR(o, end_factor=2.0), "end_factor"),
        (lambda o: gu.WarmupCosineLR(o, 10, 10), "must exceed warmup_steps, got 10 and 10"),
        (lambda o: gu.OneCycleLR(o, 0.1, 100), "no momentum to cycle"),
        (lambda o: gu.OneCycleLR(o, 0.1, 3, cycle_momentum=False), "more than one step"),
        (lambda o: gu.OneCycleLR(o, 0.1, 50, anneal_strategy="cosine", cycle_momentum=False), "anneal_strategy"),
        (lambda o: gu.ReduceLROnPlateau(o, mode="low"), "mode must be"),
        (lambda o: gu.ReduceLROnPlateau(o, threshold_mode="no"), "threshold_mode"),
        (lambda o: gu.ReduceLROnPlateau(o, factor=1.0), "factor"),
    ],
)
def test_options_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make(sgd())


def test_every_planted_mistake_in_a_schedule_is_noticed():
    found = bite(list(cases.CASES))
    assert sum(t.mutants for t in found) > 80
    assert [f"{t.name}: {s}" for t in found for s in t.survivors] == []
