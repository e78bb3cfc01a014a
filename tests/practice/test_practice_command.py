"""``groundup practice`` as a learner types it."""

import json
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from groundup import practice
from groundup.errors import UsageError
from groundup.practice import bug, exercise
from groundup.practice.workspace import Workspace

FIRST = exercise.names()[0]


def groundup(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "groundup.cli", "practice", *arguments, "--folder", str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_from_the_first_task_to_the_second(tmp_path):
    folder = tmp_path / "mine"
    done = groundup(folder)
    assert done.returncode == 0, done.stderr
    path = folder / f"01_{FIRST}.py"
    assert str(path) in done.stdout
    assert path.read_text() == exercise.task_source(FIRST)

    done = groundup(folder, "check")
    assert done.returncode == 1
    assert "still to be written" in done.stdout

    path.write_text(exercise.solution_source(FIRST))
    done = groundup(folder, "check", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["passed"]
    assert "everything is right" in groundup(folder, "check", FIRST).stdout

    done = groundup(folder)
    second = exercise.names()[1]
    assert (folder / f"02_{second}.py").exists()
    assert "(2 of" in done.stdout
    listed = json.loads(groundup(folder, "list", "--json").stdout)
    assert [row["name"] for row in listed] == list(exercise.road())
    assert listed[0]["solved"]
    assert listed[1]["current"]
    assert path.read_text() == exercise.solution_source(FIRST), "the learner's file is never touched"


def test_users_mistakes(tmp_path):
    done = groundup(tmp_path, "check", "linnear")
    assert done.returncode == 2
    assert "Did you mean linear?" in done.stderr
    done = groundup(tmp_path, "check", "linear")
    assert done.returncode == 2
    assert "groundup practice next linear" in done.stderr
    (tmp_path / "progress.json").write_text("{not json")
    done = groundup(tmp_path)
    assert done.returncode == 1
    assert "Your exercises are safe" in done.stderr
    assert "Traceback" not in done.stderr


def test_files_are_never_overwritten_and_a_reset_keeps_a_copy(tmp_path):
    space = Workspace(tmp_path)
    path = space.open("linear")
    path.write_text("mine")
    assert space.open("linear").read_text() == "mine"
    assert space.go_to("linear").read_text() == "mine"
    space.solve("linear")
    kept = space.reset("linear")
    assert kept is not None
    assert kept.read_text() == "mine"
    assert path.read_text() == exercise.task_source("linear")
    path.write_text("again")
    again = space.reset("linear")
    assert again is not None
    assert again != kept
    assert (kept.read_text(), again.read_text()) == ("mine", "again")
    assert "linear" not in Workspace(tmp_path).progress.solved


def test_two_terminals_share_one_progress(tmp_path):
    one, other = Workspace(tmp_path), Workspace(tmp_path)
    other.hint("linear", ("a", "b"))
    other.show_solution("linear")
    one.solve("linear")
    assert one.progress == other.progress
    assert (one.progress.hints, one.progress.shown) == ({"linear": 1}, ["linear"])


def test_a_file_is_found_under_the_number_that_it_had(tmp_path):
    (tmp_path / "77_linear.py").write_text("mine")
    assert Workspace(tmp_path).open("linear").name == "77_linear.py"


def test_hints_become_stronger_and_a_solution_is_remembered(tmp_path):
    hints = exercise.load("linear").hints
    for number, hint in enumerate(hints, 1):
        done = groundup(tmp_path, "hint", "linear", "--json")
        assert json.loads(done.stdout) == {"exercise": "linear", "number": number, "of": len(hints), "hint": hint}
    assert json.loads(groundup(tmp_path, "hint", "linear", "--json").stdout)["number"] == len(hints)
    done = groundup(tmp_path, "solution", "linear")
    assert "dweight = dy.T @ x" in done.stdout
    assert "# your code" not in done.stdout
    assert Workspace(tmp_path).progress.shown == ["linear"]
    path = Workspace(tmp_path).open("linear")
    path.write_text(exercise.solution_source("linear"))
    assert "looked at the solution" in groundup(tmp_path, "check", "linear").stdout


def test_next_goes_on_and_comes_back(tmp_path):
    order = exercise.names()
    space = Workspace(tmp_path)
    space.open(order[0])
    groundup(tmp_path, "next")
    assert Workspace(tmp_path).current == order[1]
    groundup(tmp_path, "next", order[0])
    assert Workspace(tmp_path).current == order[0]
    for name in exercise.road():
        space.solve(name)
    done = groundup(tmp_path, "check")
    assert done.returncode == 0
    assert "are solved" in done.stdout


def test_watching_checks_on_each_save(tmp_path):
    code = f"""
import sys
from pathlib import Path
from groundup.practice.watch import watch
from groundup.practice.workspace import Workspace
watch(Workspace(Path({str(tmp_path)!r})), seed=1)
"""
    path = Workspace(tmp_path).open(FIRST)
    with subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True) as process:
        alarm = threading.Timer(50, process.kill)
        alarm.start()

        def seen(words):
            assert process.stdout is not None
            return next(line for line in process.stdout if words in line)

        try:
            seen("Watching")
            time.sleep(0.5)
            path.write_text(exercise.task_source(FIRST) + "\n")
            seen("still to be written")
            time.sleep(0.5)
            path.write_text(exercise.solution_source(FIRST))
            seen("Go on in")
            Workspace(tmp_path).go_to("adam")  # in another terminal
            assert "Adam" in seen("Now at")
        finally:
            alarm.cancel()
            process.kill()
    assert FIRST in Workspace(tmp_path).progress.solved


def test_in_a_notebook(capsys):
    def my_softmax(logits):
        from groundup.practice.exercises.softmax_cross_entropy.solution import softmax

        return softmax(logits)

    def linear_backward(dy, x, weight):
        return dy @ weight, dy.T @ x / len(x), dy.sum(axis=0)

    assert practice.check(my_softmax).passed
    verdict = practice.check(linear_backward)
    assert verdict.cause == "factor 1/N"
    assert "dweight is 1/" in capsys.readouterr().out
    with pytest.raises(UsageError, match="Did you mean"):
        practice.check(lambda: None, exercise="linnear")

    def nothing_like_it(x):
        return x

    with pytest.raises(UsageError, match="no function in the exercises"):
        practice.check(nothing_like_it)
    with pytest.raises(UsageError, match="no function in the exercise linear called 'softmax'"):
        practice.check(my_softmax, exercise="linear")


def test_in_a_notebook_arguments_may_have_other_names():
    def my_cross_entropy(z, y):
        shifted = z - z.max(axis=1, keepdims=True)
        return (np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y]).mean()

    assert practice.check(my_cross_entropy).passed


def test_in_a_notebook_a_name_of_two_exercises_must_be_said():
    class MyLinear(exercise.solution_module("linear").Linear):
        pass

    with pytest.raises(UsageError, match=r'linear and torch_module have a Linear each.*exercise="linear"'):
        practice.check(MyLinear)
    assert practice.check(MyLinear, exercise="linear").passed
    with pytest.raises(UsageError, match="takes a function or a class; got 3"):
        practice.check(3)


def test_in_a_notebook_only_what_was_checked_is_called_right(capsys):
    def cross_entropy_backward(logits, labels):
        from groundup.practice.exercises.softmax_cross_entropy.solution import cross_entropy_backward

        return -cross_entropy_backward(logits, labels)

    assert practice.check(cross_entropy_backward).cause == "sign"
    shown = capsys.readouterr().out
    assert "not yet  cross_entropy_backward" in shown
    assert " right " not in shown.splitlines()[0]


def test_a_bug_is_found_by_its_line_and_mended(tmp_path):
    path = Workspace(tmp_path).go_to("runaway")
    assert path.read_text() == exercise.task_source("runaway")
    assert "something is wrong with it" in groundup(tmp_path).stdout
    done = groundup(tmp_path, "check")
    assert done.returncode == 1
    assert "as it was" in done.stdout

    lines = path.read_text().splitlines()
    here = next(n for n, line in enumerate(lines, 1) if "model.backward" in line)
    assert "Yes, here it is" in groundup(tmp_path, "check", "--line", str(here)).stdout
    done = groundup(tmp_path, "check", "--line", "1", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"exercise": "runaway", "line": 1, "text": lines[0], "here": False}

    lines.insert(here - 1, "            model.zero_grad()")
    path.write_text("\n".join(lines) + "\n")
    done = groundup(tmp_path, "check")
    assert done.returncode == 0, done.stdout
    assert bug.load("runaway").lesson[:30] in done.stdout
    done = groundup(tmp_path, "solution", "runaway")
    assert "+            optimizer.zero_grad()" in done.stdout
    assert "import numpy" not in done.stdout, "the change alone"


def test_a_line_that_cannot_be_is_an_error(tmp_path):
    space = Workspace(tmp_path)
    space.open("runaway")
    space.open("linear")
    for arguments, says in (
        (("check", "runaway", "--line", "900"), "the file has the lines 1 to"),
        (("check", "linear", "--line", "3"), "linear is an exercise"),
        (("hint", "runaway", "--line", "3"), "belongs to `groundup practice check`"),
    ):
        done = groundup(tmp_path, *arguments)
        assert done.returncode == 2
        assert says in done.stderr
