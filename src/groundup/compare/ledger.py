"""The ledger: one row for every component, with the largest error of each comparison and the mutants caught."""

from dataclasses import dataclass, field
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from groundup.compare import optimizer_teeth
from groundup.compare.case import LayerCase, OptimizerCase, ScheduleCase
from groundup.compare.cases import CASES
from groundup.compare.evidence import NUMERICAL_TOLERANCE, PARITY_TOLERANCE, Evidence
from groundup.compare.examine import examine
from groundup.compare.teeth import Teeth, bite


@dataclass(frozen=True)
class Ledger:
    """The evidence for all components, and the result of the hunt for mutants."""

    rows: list[Evidence]
    teeth: list[Teeth] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return all(row.passed for row in self.rows) and not any(t.survivors for t in self.teeth)

    @property
    def mutants(self) -> int:
        return sum(t.mutants for t in self.teeth)

    @property
    def survivors(self) -> list[str]:
        return [f"{t.name}: {s}" for t in self.teeth for s in t.survivors]

    def to_dict(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "tolerances": {"parity": PARITY_TOLERANCE, "numerical": NUMERICAL_TOLERANCE},
            "components": [row.to_dict() for row in self.rows],
            "mutants": self.mutants,
            "survivors": self.survivors,
        }


def build(seed: int = 0, only: str | None = None, progress: Any = None) -> Ledger:
    """Examine every case (or those whose name contains ``only``), then hunt for mutants that survive."""
    cases = [case for case in CASES if only is None or only.lower() in case.name.lower()]
    rows = []
    for case in cases:
        if progress:
            progress(f"examining {case.name}")
        rows.append(examine(case, seed))
    if progress:
        progress("planting mistakes in every backward")
    wrong = {row.name for row in rows if not row.passed}
    jury = [case for case in CASES if isinstance(case, LayerCase) and case.name not in wrong]
    found = bite([case for case in jury if case in cases], jury=jury)
    if progress:
        progress("planting mistakes in every update")
    updates = [case for case in CASES if isinstance(case, (OptimizerCase, ScheduleCase)) and case.name not in wrong]
    found += optimizer_teeth.bite([case for case in updates if case in cases], jury=updates)
    return Ledger(rows, found)


def table(ledger: Ledger) -> Table:
    """Return the ledger as a table for the terminal; ``--json`` has every single number."""
    view = Table(
        title="Made by hand against PyTorch: largest relative errors, float64", title_justify="left", box=SIMPLE
    )
    view.add_column("component", overflow="fold")
    view.add_column("twin in PyTorch", overflow="fold")
    for heading in ("forward", "gradients", "numerical"):
        view.add_column(heading, justify="right", no_wrap=True)
    view.add_column("", no_wrap=True)
    for row in ledger.rows:
        verdict = "[green]proved[/]" if row.passed else "[bold red]WRONG[/]"
        forward = "" if row.forward is None else f"{row.forward:.0e}"
        view.add_row(row.name, row.twin, forward, largest(row.gradients), largest(row.numerical), verdict)
    return view


def largest(errors: dict[str, float]) -> str:
    return f"{max(errors.values()):.0e}" if errors else ""
