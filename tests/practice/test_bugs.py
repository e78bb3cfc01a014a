"""Every bug is proved: the script runs and learns worse, mendings of any style pass, excuses do not."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from groundup.practice import bug, bug_proof, exercise
from groundup.practice.proof import verdict_on
from groundup.practice.sandbox import module_from

PAGE = Path(__file__).parents[2] / "docs" / "bugs.md"
SEED = 1
NAMES = exercise.bugs()
ANSWERS = {name: import_module(f"groundup.practice.bugs.{name}.answers") for name in NAMES}
WRONG = [(name, answer) for name in NAMES for answer in ANSWERS[name].WRONG]
RIGHT = [(name, answer) for name in NAMES for answer in ANSWERS[name].RIGHT]


def wrong(name):
    return len(ANSWERS[name].WRONG)


def right(name):
    return len(ANSWERS[name].RIGHT)


def ids(pairs):
    return [f"{name}: {answer.about}" for name, answer in pairs]


@pytest.mark.parametrize("name", NAMES)
def test_the_healthy_script_passes_and_the_untouched_one_does_not(name):
    verdict = verdict_on(name, exercise.solution_source(name), SEED)
    assert verdict.passed, verdict.message
    verdict = verdict_on(name, exercise.task_source(name), SEED)
    assert verdict.cause == "untouched"
    assert bug.load(name).fault not in verdict.message, "the first check gives nothing away"


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_that_only_looks_touched_is_named(name):
    verdict = verdict_on(name, exercise.task_source(name) + "# looked at\n", SEED)
    assert verdict.cause in {answer.cause for answer in ANSWERS[name].WRONG} - {"longer", "poor", "larger"}


@pytest.mark.parametrize(("name", "answer"), WRONG, ids=ids(WRONG))
def test_an_excuse_is_rejected_for_its_reason(name, answer):
    assert verdict_on(name, bug.answer(name, answer.edits), SEED).cause == answer.cause


@pytest.mark.parametrize(("name", "answer"), RIGHT, ids=ids(RIGHT))
def test_a_mending_in_another_style_passes(name, answer):
    verdict = verdict_on(name, bug.answer(name, answer.edits), SEED)
    assert verdict.passed, f"{verdict.message} {verdict.text}"


@pytest.mark.parametrize("name", NAMES)
def test_a_bug_has_all_that_it_needs(name):
    it, task = bug.load(name), exercise.task_source(name)
    assert len(it.hints) >= 3
    assert any("health." in hint for hint in it.hints), "the hints lead through the tools"
    assert len(ANSWERS[name].RIGHT) >= 2
    assert {"trains longer", "a larger network"} <= {answer.about for answer in ANSWERS[name].WRONG}
    lines = [line.strip() for line in task.splitlines()]
    assert all(lines.count(line) == 1 for line in it.here), "a place is a line that the learner sees, once"
    changed = [line for line in bug.fix(name).splitlines() if line[0] in "+-"]
    assert len(changed) <= 6, "one fault, of a line or two"
    assert name in task, "the task says how to check it"


def test_names_and_titles_are_their_own():
    assert not set(NAMES) & set(exercise.names())
    assert len(NAMES) == 10
    assert exercise.road() == exercise.names() + NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_script_runs_and_prints_what_one_sees(name, tmp_path, capsys):
    path = tmp_path / "script.py"
    path.write_text(exercise.task_source(name), encoding="utf-8")
    script = module_from(str(path))
    script.main(script.SEED)
    printed = capsys.readouterr().out
    assert "loss" in printed or "accuracy" in printed
    assert "nan" not in printed, "the fault is silent"


def test_a_renamed_function_and_a_crash_are_told_with_the_line():
    source = exercise.solution_source("runaway")
    assert "no function train" in verdict_on("runaway", source.replace("train(model", "fit(model"), SEED).message
    verdict = verdict_on("runaway", source.replace("optimizer.step()", "optimizer.leap()"), SEED)
    assert verdict.cause == "raises AttributeError"
    assert verdict.text == "optimizer.leap()"


@pytest.fixture(scope="module")
def rows():
    return bug_proof.measured()


def test_each_script_learns_clearly_worse_than_when_it_is_mended(rows):
    for row in rows:
        assert len(row.ill) == len(row.mended) == 5
        enough = bug.load(row.name).enough
        assert min(row.mended) > enough + 0.04, row
        assert max(row.ill) < enough - 0.04, row


def test_a_mended_script_takes_the_steps_that_the_bug_says(rows):
    for row in rows:
        assert row.steps == bug.load(row.name).steps, row.name


def test_the_page_says_what_is_measured(rows):
    """Up to what another processor makes of training that has gone wild; the counts are those that are proved above."""
    counts = {name: (wrong(name), wrong(name), right(name), right(name)) for name in NAMES}
    number = re.compile(r"-?\d+\.\d+")
    page, now = PAGE.read_text(encoding="utf-8"), bug_proof.markdown(rows, counts)
    assert number.sub("#", page) == number.sub("#", now), "run python scripts/make_bugs.py"
    written, measured = ([float(n) for n in number.findall(text)] for text in (page, now))
    assert np.allclose(written, measured, atol=0.1), "run python scripts/make_bugs.py"
