"""What was found out about one component, and how much the numbers may differ."""

from dataclasses import asdict, dataclass, field
from typing import Any

NUMERICAL_TOLERANCE = 1e-6  # finite differences have about nine right digits, fewer where they cancel
PARITY_TOLERANCE = 1e-10  # two orders of summation differ in the last of float64's sixteen digits


@dataclass(frozen=True)
class Evidence:
    """What was found for one case; errors are relative (see ``relative_error``), failures are sentences."""

    name: str
    kind: str
    twin: str
    forward: float | None = None
    gradients: dict[str, float] = field(default_factory=dict)
    numerical: dict[str, float] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    note: str = ""

    @property
    def passed(self) -> bool:
        return not self.failures

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"passed": self.passed}
