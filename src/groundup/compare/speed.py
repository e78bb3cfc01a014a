"""How fast is it? Both engines, each in a process of its own, in turns; ``turns.py`` says why."""

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from groundup.compare.turns import take_turns
from groundup.compare.worker import find


@dataclass(frozen=True)
class Timing:
    """Medians over rounds: milliseconds a training step; and peak resident memory in MiB, of all processes together.

    ``by_hand`` is with ``workers`` processes. If these are more than one, ``one_process`` is by hand in a single
    process with all threads: what is gained by dividing the batch.
    """

    workload: str
    threads: int
    workers: int  # processes by hand
    rounds: int
    steps_a_round: int
    by_hand_ms: float
    one_process_ms: float | None
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
    workers: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> Timing:
    """Time one training step of a workload (float32) by hand and in PyTorch.

    Parameters
    ----------
    workload : ``twin/NAME`` for one of ``workloads.WORKLOADS``, ``bench/NAME`` for one of ``benchmarks.BENCHMARKS``.
    threads : how many cores each engine may use.
    rounds : how often the engines take turns.
    seconds_a_round : how long one turn of the faster engine should take; it sets the number of steps.
    seed : where weights and inputs come from.
    workers : processes by hand. With one, the threads are those of its matrix products; with more, each has one thread.
    report : called with a line of progress.
    """
    processes = {"by_hand": (workers, 1), "one_process": (1, threads), "in_torch": (1, threads)}
    if workers == 1:
        processes = {"by_hand": (1, threads), "in_torch": (1, threads)}
    commands = {
        name: ["-m", "groundup.compare.worker", workload, name, *map(str, (each, seed, count))]
        for name, (count, each) in processes.items()
    }
    turns = take_turns(commands, rounds, seconds_a_round, workload, report)
    milliseconds = turns.milliseconds
    return Timing(
        workload=workload.partition("/")[2],
        threads=threads,
        workers=workers,
        rounds=rounds,
        steps_a_round=turns.steps_a_round,
        by_hand_ms=milliseconds["by_hand"],
        one_process_ms=milliseconds.get("one_process"),
        in_torch_ms=milliseconds["in_torch"],
        by_hand_mib=turns.mebibytes["by_hand"],
        in_torch_mib=turns.mebibytes["in_torch"],
        batch_size=find(workload).batch_size,
        ratios=turns.ratios("by_hand", "in_torch"),
    )
