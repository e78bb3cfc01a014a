"""How fast is it? Both engines, each in a process of its own, in turns.

In one process the idle threads of one engine's thread pool slow the other down. And a machine is never equally fast
for long; so rounds alternate between the engines, and the medians over rounds are compared.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from groundup.compare.worker import find
from groundup.errors import GroundupError

ENGINES = ("by_hand", "in_torch")

# After its last task a pool of threads keeps its cores busy, waiting for more; only then does it sleep. Without a pause
# the engine whose turn it is would share the cores with the other's idle threads. Seconds.
PAUSE = 0.2


@dataclass(frozen=True)
class Timing:
    """Medians over rounds: milliseconds a training step; and peak resident memory in MiB."""

    workload: str
    threads: int
    rounds: int
    steps_a_round: int
    by_hand_ms: float
    in_torch_ms: float
    by_hand_mib: float
    in_torch_mib: float
    batch_size: int
    ratios: list[float]  # of each round: how steady the comparison is

    @property
    def ratio(self) -> float:
        """The time by hand over PyTorch's, median over rounds: below 1, the code by hand is faster."""
        return statistics.median(self.ratios)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio}


def measure(
    workload: str,
    threads: int = 2,
    rounds: int = 9,
    seconds_a_round: float = 0.15,
    seed: int = 0,
    report: Callable[[str], None] = lambda line: None,
) -> Timing:
    """Time one training step of a workload (float32) by hand and in PyTorch.

    Parameters
    ----------
    workload : ``twin/NAME`` for one of ``workloads.WORKLOADS``, ``bench/NAME`` for one of ``benchmarks.BENCHMARKS``.
    threads : of each engine's thread pool.
    rounds : how often the engines take turns.
    seconds_a_round : how long one turn of the faster engine should take; it sets the number of steps.
    seed : where weights and inputs come from.
    report : called with a line of progress.
    """
    workers = {engine: _start(workload, engine, threads, seed) for engine in ENGINES}
    try:
        for engine, worker in workers.items():
            report(f"{workload}: warming up {engine.replace('_', ' ')}")
            if worker.stdout is None or worker.stdout.readline().strip() != "ready":
                raise GroundupError(f"the process that times {workload} {engine} died:\n{_last_words(worker)}")
        trial = max(1, int(20 * seconds_a_round))
        fastest = min(_ask(worker, trial) / trial for worker in workers.values())
        steps = max(1, round(seconds_a_round / fastest))
        times: dict[str, list[float]] = {engine: [] for engine in ENGINES}
        for i in range(rounds):
            report(f"{workload}: round {i + 1} of {rounds}")
            # Each goes first in every second round, so that neither always follows a pause.
            for engine in ENGINES if i % 2 == 0 else reversed(ENGINES):
                time.sleep(PAUSE)
                times[engine].append(_ask(workers[engine], steps) / steps)
        memory = {engine: _ask(worker, "memory") / 2**20 for engine, worker in workers.items()}
    finally:
        for worker in workers.values():
            worker.kill()
            worker.communicate()
    milliseconds = {engine: 1e3 * statistics.median(values) for engine, values in times.items()}
    return Timing(
        workload=workload.partition("/")[2],
        threads=threads,
        rounds=rounds,
        steps_a_round=steps,
        by_hand_ms=milliseconds["by_hand"],
        in_torch_ms=milliseconds["in_torch"],
        by_hand_mib=memory["by_hand"],
        in_torch_mib=memory["in_torch"],
        batch_size=find(workload).batch_size,
        ratios=[by_hand / in_torch for by_hand, in_torch in zip(times["by_hand"], times["in_torch"])],
    )


def _start(workload: str, engine: str, threads: int, seed: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "groundup.compare.worker", workload, engine, str(threads), str(seed)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def _ask(worker: subprocess.Popen, question: int | str) -> float:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(f"{question}\n")
    worker.stdin.flush()
    answer = worker.stdout.readline()
    if not answer:
        raise GroundupError(f"a timing process died:\n{_last_words(worker)}")
    return float(answer)


def _last_words(worker: subprocess.Popen) -> str:
    worker.kill()
    _, errors = worker.communicate()
    return errors.strip()[-500:]
