"""What a check says: one finding, with its evidence in numbers, why it matters, and what to do about it."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["problem", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("problem", "warning", "note")

# What each severity asks of the reader.
MEANING = {
    "problem": "Results will be wrong until this is dealt with.",
    "warning": "Look at it and decide before you train.",
    "note": "Good to know; nothing has to be done.",
}


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    Parameters
    ----------
    check : the name of the check, such as ``"leakage"``.
    severity : ``"problem"`` (results will be wrong), ``"warning"`` (look at it) or ``"note"`` (good to know).
    title : what was found, in one line.
    evidence : the numbers, in words.
    why : why it matters.
    remedy : what to do.
    columns : the columns that it is about.
    numbers : the numbers by name, for programs.
    picture : what to draw, for the page: a kind and its data (see ``audit/pictures.py``).
    """

    check: str
    severity: Severity
    title: str
    evidence: str
    why: str
    remedy: str
    columns: tuple[str, ...] = ()
    numbers: dict[str, Any] = field(default_factory=dict)
    picture: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return asdict(self)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by severity; findings of one severity keep their order."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def count_by_severity(findings: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Count stored findings of each severity."""
    found = [finding["severity"] for finding in findings]
    return {severity: found.count(severity) for severity in SEVERITIES}


def listed(names: Iterable[Any], most: int = 4) -> str:
    """Return names as words in code font: ``a``, ``b`` and 3 more."""
    names = [f"`{name}`" for name in names]
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more"]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def many(number: int, what: str) -> str:
    """Return a number with its noun: 1 row, 1,200 rows."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def number(value: float) -> str:
    """Return a number as one reads it: six digits at most, thousands apart, no exponent where it can be avoided."""
    if value == 0 or not 1e-5 <= abs(value) < 1e15:
        return f"{value:g}"
    places = 0 if float(value).is_integer() else max(0, 5 - math.floor(math.log10(abs(value))))
    written = f"{value:,.{places}f}"
    return written.rstrip("0").rstrip(".") if "." in written else written
