"""The checks: each module has ``check(table)``, which returns findings. A new check is a module and a line here."""

from collections.abc import Callable

from groundup.applications.audit.checks import duplicates, leakage, missing, shape, target, values, writing
from groundup.applications.audit.table import Table
from groundup.applications.finding import Finding

# Name of the check, what it asks, and the function; drift, which compares two tables, is called apart.
CHECKS: dict[str, tuple[str, Callable[[Table], list[Finding]]]] = {
    "leakage": ("Does a column know the answer?", leakage.check),
    "target": ("Is a class rare? Are the rows in order of the answer?", target.check),
    "duplicates": ("Do rows occur twice, or nearly?", duplicates.check),
    "missing": ("What is missing, and does that tell something?", missing.check),
    "values": ("Are there codes, mixed units, outliers among the numbers?", values.check),
    "writing": ("Is text among numbers, are spellings or letters broken?", writing.check),
    "shape": ("Are columns constant, twins, names of rows, of too many categories?", shape.check),
}
