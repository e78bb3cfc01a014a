"""``groundup bench models``: the time of a training step of our models beside their reference implementations."""

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from groundup.compare.machine import machine
from groundup.compare.model_benchmarks import MODEL_BENCHMARKS, NOT_MEASURED
from groundup.compare.reference_packages import require
from groundup.compare.turns import take_turns
from groundup.console import out, print_json, progress
from groundup.errors import UsageError, unknown_name


@dataclass(frozen=True)
class ModelTiming:
    """Medians over rounds: milliseconds a training step; and peak resident memory in MiB."""

    model: str
    about: str
    package: str
    batch_size: int
    threads: int
    rounds: int
    steps_a_round: int
    ours_ms: float
    reference_ms: float
    ours_mib: float
    reference_mib: float
    ratios: list[float]  # of each round: how steady the comparison is

    @property
    def ratio(self) -> float:
        """Our time over the reference's, median over rounds: below 1, ours is faster."""
        return statistics.median(self.ratios)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio}


def measure(
    name: str,
    threads: int = 2,
    rounds: int = 11,
    seconds_a_round: float = 0.4,
    seed: int = 0,
    report: Callable[[str], None] = lambda line: None,
) -> ModelTiming:
    """Time one training step of the model called ``name`` and of its reference implementation.

    Parameters
    ----------
    name : a key of ``model_benchmarks.MODEL_BENCHMARKS``.
    threads : of each process.
    rounds : how often the two take turns.
    seconds_a_round : how long one turn of the faster one should take.
    seed : where weights and inputs come from.
    report : called with a line of progress.

    Raises
    ------
    GroundupError : a process died.
    """
    benchmark = MODEL_BENCHMARKS[name]
    commands = {
        engine: ["-m", "groundup.compare.model_worker", name, engine, str(threads), str(seed)]
        for engine in ("ours", "reference")
    }
    turns = take_turns(commands, rounds, seconds_a_round, name, report)
    return ModelTiming(
        model=name,
        about=benchmark.about,
        package=benchmark.package,
        batch_size=benchmark.batch_size,
        threads=threads,
        rounds=rounds,
        steps_a_round=turns.steps_a_round,
        ours_ms=turns.milliseconds["ours"],
        reference_ms=turns.milliseconds["reference"],
        ours_mib=turns.mebibytes["ours"],
        reference_mib=turns.mebibytes["reference"],
        ratios=turns.ratios("ours", "reference"),
    )


def run(names: tuple[str, ...], rounds: int, threads: int, seed: int, json: bool) -> None:
    """Measure the models that were named, or all, and print a table or one JSON document."""
    for name in names:
        if name in NOT_MEASURED:
            raise UsageError(f"There is nothing to measure {name} against: {NOT_MEASURED[name]}.")
        if name not in MODEL_BENCHMARKS:
            raise unknown_name("model with a benchmark", name, MODEL_BENCHMARKS)
    chosen = names or tuple(MODEL_BENCHMARKS)
    for package in dict.fromkeys(MODEL_BENCHMARKS[name].package for name in chosen):
        require(package)  # all of them before the first minute is spent
    with progress.status("starting") as status:
        timings = [measure(name, threads, rounds, seed=seed, report=status.update) for name in chosen]
    if json:
        document = {"machine": machine("torchvision", "transformers"), "threads": threads, "rounds": rounds}
        print_json(document | {"models": [timing.to_dict() for timing in timings]})
    else:
        out.print(table(timings))


def table(timings: list[ModelTiming]) -> Table:
    """Return timings as a table for the terminal."""
    title = "One training step in ms, float32, median of rounds in turns; memory in MiB"
    view = Table(title=title, title_justify="left")
    for heading in ("model", "ours", "reference", "ratio", "examples/s", "memory", "reference"):
        view.add_column(heading, justify="left" if heading == "model" else "right")
    for t in timings:
        view.add_row(
            t.model,
            f"{t.ours_ms:,.1f}",
            f"{t.reference_ms:,.1f}",
            f"{t.ratio:.2f}",
            f"{1e3 * t.batch_size / t.ours_ms:,.1f}",
            f"{t.ours_mib:,.0f}",
            f"{t.reference_mib:,.0f}",
        )
    return view
