"""From one line a component: the evidence, and the completeness of the list."""

import inspect

import pytest

from groundup import scratch
from groundup.compare.cases import CASES
from groundup.compare.examine import examine
from groundup.scratch import initializers

# What components are derived from, not components themselves.
FRAMES = {"Layer", "Loss", "Optimizer", "Activation", "Schedule"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_evidence(case):
    assert examine(case, seed=0).failures == ()


def test_names_are_unique():
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))


def public_components():
    """Every public layer, loss, optimizer and schedule class, and every public initializer."""
    for name in dir(scratch):
        value = getattr(scratch, name)
        if inspect.isclass(value) and value.__name__ not in FRAMES and not name.startswith("_"):
            families = {base.__name__ for base in value.__mro__}
            if families & {"Layer", "Optimizer", "Schedule"}:
                yield value
    for name, value in vars(initializers).items():
        draws = inspect.isfunction(value) and "rng" in inspect.signature(value).parameters
        if draws and not name.startswith("_"):
            yield value


def test_every_public_component_has_a_line():
    covered = {case.component for case in CASES}
    missing = [component.__name__ for component in public_components() if component not in covered]
    assert missing == [], f"add a line to src/groundup/compare/cases/ for: {missing}"


def test_no_twin_needs_other_evidence():
    for case in CASES:
        assert case.twin is not None or case.evidence, f"{case.name} has no twin: say why, and what else proves it"
