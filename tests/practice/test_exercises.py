"""Every exercise is proved: its solution passes, the untouched file fails, wrong answers are named."""

from collections import Counter
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from groundup.practice import exercise
from groundup.practice.checker import Verdict
from groundup.practice.proof import markdown, proof, verdict_on

PAGE = Path(__file__).parents[2] / "docs" / "practice.md"
SEEDS = (1, 2, 3)
NAMES = exercise.names()
ANSWERS = {name: import_module(f"groundup.practice.exercises.{name}.answers") for name in NAMES}
WRONG = [(name, answer) for name in NAMES for answer in ANSWERS[name].WRONG]
RIGHT = [(name, answer) for name in NAMES for answer in ANSWERS[name].RIGHT]


def ids(pairs):
    return [f"{name}: {answer.about}" for name, answer in pairs]


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_passes_and_the_untouched_file_does_not(name):
    for seed in SEEDS:
        verdict = verdict_on(name, exercise.solution_source(name), seed)
        assert verdict.passed, f"{verdict.part}: {verdict.message}"
    assert not verdict_on(name, exercise.task_source(name), SEEDS[0]).passed


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_has_all_that_it_needs(name):
    it = exercise.load(name)
    assert len(it.hints) >= 3
    assert 5 <= len(ANSWERS[name].WRONG) <= 15
    assert len(ANSWERS[name].RIGHT) >= 2
    assert len({answer.about for answer in ANSWERS[name].WRONG}) == len(ANSWERS[name].WRONG)
    task = exercise.task_source(name)
    assert task != exercise.solution_source(name)
    assert exercise.END not in task
    assert task.startswith('"""'), "the task is the docstring at the top of the file"
    for part in it.parts:
        assert part.name in task, "the learner sees the name of everything that is checked"


@pytest.mark.parametrize(("name", "answer"), WRONG, ids=ids(WRONG))
def test_a_wrong_answer_is_rejected_and_its_cause_named(name, answer):
    source = exercise.edited(name, answer.edits)
    found = Counter()
    verdict = None
    for seed in SEEDS:
        verdict = verdict_on(name, source, seed)
        assert not verdict.passed, f"passes with seed {seed}"
        found[verdict.cause] += 1
    assert set(found) == {answer.cause}, verdict


@pytest.mark.parametrize(("name", "answer"), RIGHT, ids=ids(RIGHT))
def test_a_right_answer_in_another_style_passes(name, answer):
    for seed in SEEDS:
        verdict: Verdict = verdict_on(name, exercise.edited(name, answer.edits), seed)
        assert verdict.passed, f"{verdict.part}: {verdict.message}"


@pytest.mark.parametrize("name", NAMES)
def test_every_slip_can_be_made_and_speaks_of_an_output(name):
    for p, part in enumerate(exercise.load(name).parts):
        case = part.cases(np.random.default_rng([7, p]), np.float64)
        right = part.outcome(exercise.solution_module(name), copies(case.inputs))
        for slip in part.slips:
            wrong = slip.compute(copies(case.inputs))
            assert wrong, slip.cause
            assert wrong.keys() <= set(right), f"{slip.cause}: {sorted(wrong)}"


def copies(inputs):
    return {key: value.copy() if isinstance(value, np.ndarray) else value for key, value in inputs.items()}


def test_nearly_every_wrong_answer_is_named():
    rows = proof()
    wrong, named = sum(row.wrong for row in rows), sum(row.named for row in rows)
    assert all(row.rejected == row.wrong for row in rows)
    assert named >= 0.95 * wrong, f"{named} of {wrong}"
    assert PAGE.read_text(encoding="utf-8") == markdown(rows), "run python scripts/make_practice.py"


@pytest.mark.parametrize("name", NAMES)
def test_messages_name_things_that_the_learner_can_see(name):
    for _, answer in [pair for pair in WRONG if pair[0] == name]:
        verdict = verdict_on(name, exercise.edited(name, answer.edits), SEEDS[0])
        assert verdict.message
        assert "nan" not in verdict.message.lower() or verdict.cause == "not finite" or name == "imputation"
