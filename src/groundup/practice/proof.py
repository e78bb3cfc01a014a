"""The proof of the exercises: how many wrong answers each ships, how many are rejected, how many rightly named.

``python scripts/make_practice.py`` prints the table and writes it to docs/practice.md.
"""

import tempfile
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from groundup.practice.checker import Verdict, judge
from groundup.practice.exercise import edited, load, names
from groundup.practice.runner import Report
from groundup.practice.sandbox import failure, module_from, no_answer, run


@dataclass(frozen=True)
class Row:
    """One exercise: its wrong answers, and its right ones in another style."""

    name: str
    wrong: int
    rejected: int
    named: int  # rejected for the cause that it has; one whose cause can't be named is not counted
    right: int
    accepted: int


def verdict_on(name: str, source: str, seed: int) -> Verdict:
    """Check an answer given as text in this process, without the sandbox: for answers that are known to end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.py"
        path.write_text(source, encoding="utf-8")
        try:
            module = module_from(str(path))
        except Exception as error:
            return judge(name, load(name), Report([no_answer(failure(error, str(path)))], {}, ""), seed)
        return judge(name, load(name), Report(*run(load(name), module, seed, str(path)), printed=""), seed)


@cache
def proof(seed: int = 0) -> tuple[Row, ...]:
    """Return a row for each exercise."""
    rows = []
    for name in names():
        answers = import_module(f"groundup.practice.exercises.{name}.answers")
        verdicts = [(answer, verdict_on(name, edited(name, answer.edits), seed)) for answer in answers.WRONG]
        right = [verdict_on(name, edited(name, answer.edits), seed) for answer in answers.RIGHT]
        rows.append(
            Row(
                name,
                wrong=len(verdicts),
                rejected=sum(not verdict.passed for _, verdict in verdicts),
                named=sum(verdict.cause == answer.cause != "unnamed" for answer, verdict in verdicts),
                right=len(right),
                accepted=sum(verdict.passed for verdict in right),
            )
        )
    return tuple(rows)


def markdown(rows: tuple[Row, ...]) -> str:
    """Return the table as it stands in docs/practice.md."""
    lines = [
        "# Exercises, and the proof that they know what is wrong",
        "",
        "Every exercise ships wrong answers, such as people give. Each is checked on fresh inputs: is it rejected, and",
        "is its cause named? Right answers in another style than the solution's must pass. The diagnosis was made with",
        "these answers at hand: of mistakes that nobody thought of it names fewer, and shows where the numbers differ.",
        "Written by `python scripts/make_practice.py`.",
        "",
        "| | exercise | wrong answers | rejected | rightly named | right answers | accepted |",
        "|---|---|---|---|---|---|---|",
    ]
    for number, row in enumerate(rows, 1):
        counts = (row.wrong, row.rejected, row.named, row.right, row.accepted)
        lines.append(f"| {number} | {load(row.name).title} | {' | '.join(map(str, counts))} |")
    total = [sum(getattr(row, field) for row in rows) for field in ("wrong", "rejected", "named", "right", "accepted")]
    lines.append(f"| | **all** | {' | '.join(f'**{n}**' for n in total)} |")
    return "\n".join(lines) + "\n"
