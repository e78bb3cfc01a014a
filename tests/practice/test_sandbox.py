"""Whatever the learner's code does, the answer is short, friendly and names the line."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from groundup.practice import exercise
from groundup.practice.checker import check_file
from groundup.practice.runner import Runner
from groundup.practice.show import show

BODY = "return x @ weight.T + bias"


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    """Check the linear exercise with its first line replaced, in a sandbox of two seconds."""
    short = exercise.load("linear")
    object.__setattr__(short, "seconds", 2.0)

    def check(instead, name="linear", old=BODY):
        path = tmp_path_factory.mktemp("learner") / "01_linear.py"
        path.write_text(exercise.solution_source(name).replace(old, instead), encoding="utf-8")
        return path, check_file(name, path, seed=1)

    yield check
    object.__setattr__(short, "seconds", 10.0)


def line_of(path, text):
    return next(n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if text in line)


def test_the_solution_passes(answer):
    assert answer(BODY)[1].passed


@pytest.mark.parametrize(
    ("instead", "cause", "says"),
    [
        ("while True: pass", "endless", "never ends"),
        ("import os; os._exit(3)", "ended", "exit code 3"),
        ("import ctypes; ctypes.string_at(0)", "ended", "crashed"),
        ("import sys; sys.exit(0)", "raises SystemExit", "leave that out"),
        ("raise KeyboardInterrupt", "raises KeyboardInterrupt", "KeyboardInterrupt"),
        ("return weird", "raises NameError", "weird"),
        ("return x @ weight", "raises ValueError", "shapes"),
        ("return [0] * 10**10", "raises MemoryError", "larger than it should be"),
        ("return linear_forward(x, weight, bias)", "raises RecursionError", "without end"),
        ("return x @ (weight.T + bias", "syntax", "can't read"),
        ("return 'seven'", "not numbers", "expected an array"),
        ("return [[1], [1, 2]]", "not numbers", "unequal rows"),
        ("return object()", "not numbers", "object"),
        ("pass", "returns nothing", "return"),
    ],
)
def test_what_a_learner_may_write(answer, instead, cause, says):
    path, verdict = answer(instead)
    assert verdict.cause == cause
    assert says in verdict.message
    assert "Traceback" not in verdict.message
    if cause.startswith("raises") or cause == "endless":
        assert verdict.line == line_of(path, instead)
        assert verdict.text


@pytest.mark.parametrize(
    ("instead", "cause"), [("while True: pass", "endless"), ("import ctypes; ctypes.string_at(0)", "ended")]
)
def test_what_was_right_before_the_end_is_right_still(answer, instead, cause):
    path, verdict = answer(instead, old="dx = dy @ weight")
    assert (verdict.part, verdict.passed_parts, verdict.cause) == ("linear_backward", 1, cause)
    assert verdict.line == line_of(path, instead)


def test_an_error_without_words_is_not_said_twice(answer):
    assert answer("raise MemoryError")[1].message.count("MemoryError") == 1


def test_what_is_printed_is_shown_and_harms_nothing(answer):
    _, verdict = answer("print('x' * 10**6, 'the end'); import os; os.write(1, b'raw'); " + BODY)
    assert verdict.passed
    assert "raw" in verdict.printed or "the end" in verdict.printed
    assert len(verdict.printed) <= 2000


def test_of_many_printed_lines_the_last_are_shown(answer, capsys):
    _, verdict = answer("print(*range(100), sep='\\n'); " + BODY)
    show(verdict)
    shown = capsys.readouterr().out.splitlines()
    assert "in the end" in shown[0]
    assert len(shown) < 30
    assert "99" in shown


def test_a_child_process_and_threads_of_the_learner_do_not_hang_the_check(answer):
    _, verdict = answer("import threading, time; threading.Thread(target=time.sleep, args=(60,)).start(); " + BODY)
    assert verdict.passed


def test_a_file_that_does_not_run_at_all(answer):
    _, verdict = answer("import not_there\n", old="import numpy as np\n")
    assert verdict.cause == "raises ModuleNotFoundError"
    assert verdict.line
    _, verdict = answer("import numpy as np\nwhile True:\n    pass\n", old="import numpy as np\n")
    assert verdict.cause == "endless"


def test_a_ready_sandbox_is_used_and_none_is_left():
    with Runner(ready=True) as runner:
        runner.prepare(torch=False)
        spare = runner._spare[False]
        path = exercise.FOLDER / "linear" / "solution.py"
        assert check_file("linear", path, runner, seed=2).passed
        assert not spare.alive()
        last = runner._spare[False]
        assert last.alive()
    assert not last.alive()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_a_ready_sandbox_ends_when_its_parent_is_gone():
    code = """
import os
from groundup.practice.runner import Runner

runner = Runner(ready=True)
runner.prepare(torch=False)
print(runner._spare[False].process.pid, flush=True)
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    stat = Path("/proc", done.stdout.strip(), "stat")
    for _ in range(100):
        try:
            if stat.read_text().rpartition(") ")[2].startswith("Z"):  # ended, and nobody has asked yet how
                return
        except OSError:
            return
        time.sleep(0.1)
    raise AssertionError("the sandbox outlives its parent")
