"""The evidence for a schedule: sixty steps beside PyTorch's.

The optimizer has two parts with different learning rates, and momentum. After each step both learning rates, the
momentum where the schedule changes it, and the count of steps must be PyTorch's. And a schedule that is stopped and
loaded goes on the same.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from groundup.compare.case import ScheduleCase
from groundup.compare.evidence import PARITY_TOLERANCE, Evidence
from groundup.scratch.gradcheck import relative_error
from groundup.scratch.optimizers import SGD, Combined
from groundup.scratch.parameter import Parameter

STEPS = 60
RATES = (0.3, 0.02)
MOMENTUM = 0.9
Values = tuple[float, ...]


def examine_schedule(case: ScheduleCase, seed: int = 0, steps: int = STEPS) -> Evidence:
    """Compare what the schedule sets, before the first step and after each one."""
    right, twin = steps_in_torch(case, seed, steps)
    mine = list(steps_by_hand(case, seed, steps))
    errors = differences(mine, right)
    failures = [
        f"{n}: PyTorch disagrees by {e:.1e} in {steps} steps" for n, e in errors.items() if not e <= PARITY_TOLERANCE
    ]
    resumed = list(steps_by_hand(case, seed, steps, interrupt=23)) == mine
    failures += [] if resumed else ["state: a saved and loaded schedule does not continue the same way"]
    checks = ("state",) if resumed else ()
    return Evidence(case.name, "schedule", twin, None, errors, {}, checks, tuple(failures), case.evidence)


def differences(mine: list[Values], right: list[Values]) -> dict[str, float]:
    """Return the relative error of each quantity over all steps: its own largest value is the unit.

    (A step's own value would be a bad unit: cosines get within rounding of zero.)
    """
    return {
        name: relative_error(np.array(a), np.array(b))
        for name, a, b in zip(("lr 0", "lr 1", "momentum 0", "momentum 1", "steps"), zip(*mine), zip(*right))
    }


def measurements(case: ScheduleCase, seed: int) -> Iterator[tuple[float, ...]]:
    """Yield what each step is called with: nothing, or a value that falls, stagnates, rises."""
    rng = np.random.default_rng(seed)
    for step in range(10_000):
        yield (float(np.exp(-step / 5) + 0.3 + 0.02 * rng.normal()),) if case.measured else ()


def steps_by_hand(case: ScheduleCase, seed: int, steps: int, interrupt: int = -1) -> Iterator[Values]:
    """Yield the learning rates of both parts, their momentum, the count; at step ``interrupt``, save and load."""
    optimizer = optimizer_by_hand()
    schedule, values = case.make(optimizer), measurements(case, seed)
    yield (*state_of(optimizer), schedule.steps)
    for step in range(steps):
        if step == interrupt:
            saved, saved_optimizer = schedule.state_dict(), optimizer.state_dict()
            optimizer = optimizer_by_hand()
            optimizer.load_state_dict(saved_optimizer)
            schedule = case.make(optimizer)
            schedule.load_state_dict(saved)
        schedule.step(*next(values))
        yield (*state_of(optimizer), schedule.steps)


def optimizer_by_hand() -> Combined:
    return Combined(*(SGD([Parameter(np.zeros(3))], lr=lr, momentum=MOMENTUM) for lr in RATES))


def state_of(optimizer: Any) -> Values:
    return (*(part.lr for part in optimizer.parts), *(part.momentum for part in optimizer.parts))


def steps_in_torch(case: ScheduleCase, seed: int, steps: int) -> tuple[list[Values], str]:
    """Return the same for the twin, and the name of its class."""
    groups = [{"params": [torch.nn.Parameter(torch.zeros(3))], "lr": lr} for lr in RATES]
    optimizer = torch.optim.SGD(groups, momentum=MOMENTUM)
    twin, values, done = case.twin(optimizer), measurements(case, seed), []

    def note() -> None:
        rates = (group[name] for name in ("lr", "momentum") for group in optimizer.param_groups)
        done.append((*rates, twin.last_epoch))

    note()
    for _ in range(steps):
        optimizer.step()  # PyTorch warns if a schedule steps before its optimizer; without gradients it does nothing
        twin.step(*next(values))
        note()
    return done, type(twin).__name__
