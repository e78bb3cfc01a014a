"""Processes that take turns: how two ways to compute the same are timed against each other.

Each way runs in a process of its own, because in one process the idle threads of one engine's pool slow the other down.
And a machine is never equally fast for long, so rounds alternate between the processes, and medians over rounds are
compared. A process prints ``ready``; then each line ``N`` on its standard input runs N steps, and their seconds are
printed; the line ``memory`` prints the peak resident memory, in bytes. :func:`limit_threads` and :func:`serve` are the
process's side of this, :func:`take_turns` the other.
"""

import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from groundup.errors import GroundupError

# After its last task a pool of threads keeps its cores busy, waiting for more; only then does it sleep. Without a pause
# the process whose turn it is would share the cores with the other's idle threads. Seconds.
PAUSE = 0.2


@dataclass(frozen=True)
class Turns:
    """What the turns gave, under the names of the processes."""

    steps_a_round: int
    seconds: dict[str, list[float]]  # a step, in each round
    mebibytes: dict[str, float]  # peak resident memory

    @property
    def milliseconds(self) -> dict[str, float]:
        """Of a step, the median over rounds."""
        return {name: 1e3 * statistics.median(seconds) for name, seconds in self.seconds.items()}

    def ratios(self, ours: str, theirs: str) -> list[float]:
        """The time of one process over that of another, in each round."""
        return [a / b for a, b in zip(self.seconds[ours], self.seconds[theirs])]


def take_turns(
    commands: dict[str, list[str]],
    rounds: int,
    seconds_a_round: float,
    what: str,
    report: Callable[[str], None] = lambda line: None,
) -> Turns:
    """Time the steps of several processes in turns.

    Parameters
    ----------
    commands : name -> arguments of the Python interpreter that start a process which calls :func:`serve`.
    rounds : how often each has its turn.
    seconds_a_round : how long one turn of the fastest should take; it sets the number of steps.
    what : what is timed, for the lines of progress and for errors.
    report : called with a line of progress.

    Raises
    ------
    GroundupError : a process died; the message ends with its last words.
    """
    pipe = subprocess.PIPE
    workers = {
        name: subprocess.Popen([sys.executable, *command], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for name, command in commands.items()
    }
    try:
        for name, worker in workers.items():
            report(f"{what}: warming up {name.replace('_', ' ')}")
            if worker.stdout is None or worker.stdout.readline().strip() != "ready":
                raise _died(worker, f"{what} {name}")
        steps = 1
        for _ in range(2):  # a first guess, and a better one from processes that have warmed up
            fastest = min(_ask(worker, steps, what) / steps for worker in workers.values())
            steps = max(1, round(seconds_a_round / fastest))
        seconds: dict[str, list[float]] = {name: [] for name in workers}
        for i in range(rounds):
            report(f"{what}: round {i + 1} of {rounds}")
            # Each goes first in every second round, so that neither always follows a pause.
            for name in list(workers) if i % 2 == 0 else reversed(workers):
                time.sleep(PAUSE)
                seconds[name].append(_ask(workers[name], steps, what) / steps)
        mebibytes = {name: _ask(worker, "memory", what) / 2**20 for name, worker in workers.items()}
    finally:
        for worker in workers.values():
            worker.kill()
            worker.communicate()
    return Turns(steps, seconds, mebibytes)


def _ask(worker: subprocess.Popen, question: int | str, what: str) -> float:
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        worker.stdin.write(f"{question}\n")
        worker.stdin.flush()
        answer = worker.stdout.readline()
    except BrokenPipeError:
        answer = ""
    if not answer:
        raise _died(worker, what)
    return float(answer)


def _died(worker: subprocess.Popen, what: str) -> GroundupError:
    worker.kill()
    _, errors = worker.communicate()
    return GroundupError(f"the process that times {what} died:\n{errors.strip()[-500:]}")


def limit_threads(count: str) -> None:
    """Set the size of the thread pools of NumPy and torch, which read it when they start: before importing either."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = count


def serve(step: Callable[[], None]) -> None:
    """Answer on standard output what standard input asks, until it ends; see the top of this file."""
    step()
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "memory":
            print(peak_memory(), flush=True)
            continue
        started = time.perf_counter()
        for _ in range(int(line)):
            step()
        print(time.perf_counter() - started, flush=True)


def peak_memory() -> int:
    """Return the peaks of the resident memory of this process and of all that it has started, added up, in bytes.

    What processes share is counted in each of them. 0 where the system does not tell.
    """
    if Path("/proc/self/status").exists():  # Linux; ru_maxrss would count what the parent held when it forked
        return sum(map(_peak_of, _family(os.getpid())))
    try:
        import resource
    except ImportError:  # Windows
        return 0
    # In bytes on macOS, which tells nothing of others while they run: each is taken to be as large as this one.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 + len(multiprocessing.active_children()))


def _family(process: int) -> list[int]:
    """Return a process, its children, theirs, and so on."""
    family = [process]
    for parent in family:
        for tasks in Path(f"/proc/{parent}/task").glob("*/children"):
            family += [int(child) for child in tasks.read_text().split()]
    return family


def _peak_of(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    line = next((line for line in status if line.startswith("VmHWM")), "VmHWM: 0 kB")  # a process that ended has none
    return int(line.split()[1]) * 1024
