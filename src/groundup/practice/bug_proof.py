"""The proof of the bugs: what each script reaches as it is and mended, and which mendings are accepted.

``python scripts/make_bugs.py`` prints the table and writes it to docs/bugs.md.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from groundup.practice import bug
from groundup.practice.exercise import bugs, solution_module, task_source
from groundup.practice.probes import counted_steps
from groundup.practice.proof import verdict_on
from groundup.practice.sandbox import module_from

SEEDS = range(5)
Counts = tuple[int, int, int, int]  # wrong mendings, of them rejected; right ones, of them accepted


@dataclass(frozen=True)
class Row:
    """What one script reaches with each seed, as it is and mended, and the steps that it takes when it is mended."""

    name: str
    ill: tuple[float, ...]
    mended: tuple[float, ...]
    steps: int


def measured() -> tuple[Row, ...]:
    """Train each script as it is and mended, with five seeds."""
    rows = []
    for name in bugs():
        it, healthy = bug.load(name), solution_module(name)
        with tempfile.TemporaryDirectory() as folder, np.errstate(all="ignore"):
            path = Path(folder) / "script.py"
            path.write_text(task_source(name), encoding="utf-8")
            module = module_from(str(path))
            ill = tuple(float(it.measure(module, healthy, seed)) for seed in SEEDS)
        with counted_steps() as taken:
            mended = tuple(float(it.measure(healthy, healthy, seed)) for seed in SEEDS)
        rows.append(Row(name, ill, mended, taken[0] // len(SEEDS)))
    return tuple(rows)


def judged(seed: int = 0) -> dict[str, Counts]:
    """Check all mendings that the bugs ship, and count how many are rejected and accepted."""
    counts = {}
    for name in bugs():
        answers = import_module(f"groundup.practice.bugs.{name}.answers")
        wrong = [verdict_on(name, bug.answer(name, answer.edits), seed) for answer in answers.WRONG]
        right = [verdict_on(name, bug.answer(name, answer.edits), seed) for answer in answers.RIGHT]
        rejected = sum(verdict.cause == answer.cause for verdict, answer in zip(wrong, answers.WRONG))
        counts[name] = (len(wrong), rejected, len(right), sum(verdict.passed for verdict in right))
    return counts


def markdown(rows: tuple[Row, ...], counts: Mapping[str, Counts]) -> str:
    """Return the table as it stands in docs/bugs.md."""
    lines = [
        "# The bugs, and the proof that they are there",
        "",
        "**This page gives the faults away.** To find them yourself: `groundup practice list`.",
        "",
        "Each script runs, complains of nothing, and learns poorly because of one fault. What it reaches as it is and",
        f"mended, mean and standard deviation over {len(SEEDS)} seeds; and of the mendings that it ships, such as",
        "training longer, how many wrong ones are rejected for their reason and how many right ones are accepted.",
        "Written by `python scripts/make_bugs.py`.",
        "",
        "| | script | what one sees | fault | measured by | as it is | mended | wrong mendings | rejected "
        "| right ones | accepted |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for number, row in enumerate(rows, 1):
        it = bug.load(row.name)
        cells = (f"`{row.name}`", it.title, it.fault, it.metric, spread(row.ill), spread(row.mended), *counts[row.name])
        lines.append(f"| {number} | {' | '.join(map(str, cells))} |")
    total = [sum(counts[row.name][i] for row in rows) for i in range(4)]
    lines.append(f"| | **all** | | | | | | {' | '.join(f'**{n}**' for n in total)} |")
    return "\n".join(lines) + "\n"


def spread(values: tuple[float, ...]) -> str:
    """Return the mean and the standard deviation over the seeds, as they are written."""
    return f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}"
