"""Several processes at work: what became of each is told, and a signal reaches them all."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from groundup.errors import GroundupError
from groundup.training.experiments import workers


def once(folder):
    """The number of this call among all in ``folder``, from 0: each process has its own."""
    for number in range(9):
        try:
            (folder / str(number)).mkdir()
        except FileExistsError:
            continue
        return number
    raise AssertionError


def different_ends(folder):
    number = once(folder)
    (folder / f"threads-{number}").write_text(os.environ["OMP_NUM_THREADS"])
    if number == 1:
        raise GroundupError("no such disk")
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)


def until_told(folder):
    """Wait for SIGTERM; SIGINT shall not come."""

    def told(number, frame):
        (folder / f"told-{os.getpid()}").touch()
        sys.exit(0)

    signal.signal(signal.SIGTERM, told)
    (folder / f"ready-{os.getpid()}").touch()
    while True:
        time.sleep(0.01)


def until_alone(folder):
    (folder / f"ready-{os.getpid()}").touch()
    while not workers.alone():
        time.sleep(0.01)
    (folder / f"alone-{os.getpid()}").touch()


def wait_for(folder, pattern, number):
    deadline = time.monotonic() + 60
    while len(list(folder.glob(pattern))) < number:
        assert time.monotonic() < deadline, f"{pattern} did not come"
        time.sleep(0.01)


def test_each_end_is_told(tmp_path, monkeypatch, capfd):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    problems = workers.run(3, different_ends, (tmp_path,))
    assert sorted(problem.partition(" ")[2][2:] for problem in problems) == [
        "ended with an error, see above", "was killed (signal 9)",
    ]  # fmt: skip
    assert "groundup: no such disk" in capfd.readouterr().err
    assert {path.read_text() for path in tmp_path.glob("threads-*")} == {"2"}
    assert "OMP_NUM_THREADS" not in os.environ
    assert not workers.alone()


@pytest.mark.parametrize(("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_a_signal_is_passed_on_once(tmp_path, number, raised):
    def send():
        wait_for(tmp_path, "ready-*", 2)
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=send)
    sender.start()
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(raised):
        workers.run(2, until_told, (tmp_path,))
    sender.join()
    assert len(list(tmp_path.glob("told-*"))) == 2
    assert signal.getsignal(signal.SIGTERM) == before


def test_workers_notice_that_their_parent_is_gone(tmp_path):
    code = f"""
from pathlib import Path
from groundup.training.experiments import workers
from test_workers import until_alone
if __name__ == "__main__":
    workers.run(2, until_alone, (Path({str(tmp_path)!r}),))
"""
    (tmp_path / "parent.py").write_text(code)
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    parent = subprocess.Popen([sys.executable, tmp_path / "parent.py"], env=os.environ | {"PYTHONPATH": paths})
    wait_for(tmp_path, "ready-*", 2)
    parent.kill()
    parent.wait()
    wait_for(tmp_path, "alone-*", 2)
