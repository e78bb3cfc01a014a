"""What the second part says in words, computed from stored results. No data, no model comes in here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from groundup.applications.loans.learners import NAMES

if TYPE_CHECKING:
    from rich.table import Table

TARGETS = {"behind": "behind at the snapshot", "dear": "dear (grade D or worse)"}


def sentences(found: Mapping[str, Any]) -> list[str]:
    """Say in plain words what the numbers mean; every word that judges follows from a number."""
    said = [_gaps(found), _joint(found["joint"]), _leak(found["leakage"]), _contest(found), _costs(found)]
    return [*said, _weights(found["probabilities"]["behind"]), _fair(found)]


def summary(found: Mapping[str, Any]) -> "Table":
    """Return the contest of the second part as a table for the terminal."""
    from rich.table import Table

    shown = {"behind": "behind", "lender": "behind, grade and rate seen", "dear": "dear"}
    table = Table(box=None, header_style="bold")
    table.add_column("second table, ROC-AUC", no_wrap=True)
    for key in shown.values():
        table.add_column(key, justify="right")
    for kind, name in [*NAMES.items(), ("rate", "interest rate alone")]:
        cells = [found["contest"][key]["auc"].get(kind) for key in shown]
        table.add_row(name, *("" if cell is None else f"{cell['value']:.3f}" for cell in cells))
    return table


def _gaps(found: Mapping[str, Any]) -> str:
    telling = [
        f"`{name}`" for name, one in found["gaps"]["columns"].items()
        if one["behind"]["p"] <= 0.05 and one["behind"]["value"] > 0
    ]  # fmt: skip
    start = f"Of {found['gaps']['rows']:,} training rows {found['gaps']['complete']} have no gap"
    gain = next(
        one["over_mean"] for one in found["ways"]["dear"] if one["learner"] == "logistic" and one["way"] == "meaning"
    )
    told = f"; being missing goes with being behind for {' and '.join(telling)}" if telling else ""
    return (
        f"{start}{told}. Said for what they are, gaps {_better(gain)} a logistic regression that looks for dear loans, "
        f"against the mean put in: ROC-AUC {difference(gain)}."
    )


def _joint(found: Mapping[str, Any]) -> str:
    gain = next(one["gain"] for one in found["rows"] if one["target"] == "dear")
    return (
        f"Joint applications taken as households, not as the first applicant alone, {_better(gain)} the ranking of "
        f"joint ones by whether they are dear: {difference(gain)}."
    )


def _leak(found: Mapping[str, Any]) -> str:
    auc = {(one["learner"], one["set"]): one["auc"]["value"] for one in found["rows"]}
    return (
        f"With balance and payments among its columns a logistic regression promises a ROC-AUC of "
        f"{auc['logistic', 'afterwards']:.3f} for who is behind; on the day of the application, when nothing is paid "
        f"yet, it delivers {auc['logistic', 'delivered']:.3f}, and without those columns "
        f"{auc['logistic', 'application']:.3f}."
    )


def _contest(found: Mapping[str, Any]) -> str:
    one = found["contest"]["behind"]
    first, second = one["ranking"][:2]
    rounds = one["over_rounds"]
    best = f"{NAMES[first]} ({interval(one['auc'][first])})"
    if one["tie"]:
        spread = "" if rounds["spread"] is None else f", and over the rounds its spread is {rounds['spread']:.3f}"
        verdict = (
            f"call it a tie between {best} and {NAMES[second]}: the difference is {difference(one['lead'])}{spread}"
        )
    else:
        verdict = (
            f"{best} is ahead of {NAMES[second]} by {difference(one['lead'])}, in {rounds['wins']} of "
            f"{rounds['seeds']} rounds"
        )
    over = one["over_rate"]
    rate = f"the lender's interest rate alone ({interval(one['auc']['rate'])})"
    if over["high"] < 0 or over["low"] > 0:
        against = f"It is {'worse' if over['high'] < 0 else 'better'} than {rate}"
    else:
        ahead = "More" if over["value"] < 0 else "Less"
        against = f"{ahead} has {rate}, but the difference, {difference(over)}, may be chance"
    dear = found["contest"]["dear"]
    after = f"{'in a tie with' if dear['tie'] else 'clearly before'} {NAMES[dear['ranking'][1]]}"
    return (
        f"From the application alone, of {one['events']} late ones: {verdict}. {against}. For dear loans "
        f"{NAMES[dear['ranking'][0]]} comes first "
        f"({interval(dear['auc'][dear['ranking'][0]])}), {after}."
    )


def _costs(found: Mapping[str, Any]) -> str:
    table = found["costs"]["application"]
    rules = {one["rule"]: one for one in table["rules"]}
    closed, balanced = rules["closed"]["against_all"], rules["balanced"]["against_all"]
    saves = [
        one["name"] for side in found["costs"].values() for one in side["rules"]
        if one["rule"] != "all" and one["against_all"]["high"] < 0
    ]  # fmt: skip
    proof = "No rule surely saves money" if not saves else f"What saves money: {', '.join(sorted(set(saves)))}"
    return (
        f"{proof} against granting all. The threshold that mean costs ask for, {rules['closed']['threshold']:.3f}, "
        f"changes the cost of 1,000 loans by {dollars(closed)}; the one with the best balanced accuracy by "
        f"{dollars(balanced)}."
    )


def _weights(found: Mapping[str, Any]) -> str:
    rows = {one["way"]: one for one in found["rows"] if one["learner"] == "logistic"}
    ece = {way: one["ece"]["mean"] for way, one in rows.items()}
    return (
        f"Class weights make a logistic regression expect {rows['weights']['mean']['mean']:.0%} of the loans to be "
        f"behind, where {found['share']:.1%} are (ECE {ece['weights']:.3f}); the prior taken out again, it is "
        f"{ece['prior']:.3f}, after Platt {ece['platt']:.3f}, and without weights it had been {ece['plain']:.3f}."
    )


def _fair(found: Mapping[str, Any]) -> str:
    rows = {one["group"]: one for one in found["groups"]["behind"]["groups"]["homeownership"]}
    high, low = (pick(rows, key=lambda name: rows[name]["wrongly"]["value"]) for pick in (max, min))
    told = max(found["proxies"]["behind"]["told"].items(), key=lambda item: item[1]["mean"])
    return (
        f"With one threshold that refuses a tenth, {share(rows[high]['wrongly'])} of the good loans of "
        f"{OWNERS.get(high, high)} are refused, and {share(rows[low]['wrongly'])} of those of {OWNERS.get(low, low)}. "
        f"To leave the column out does not hide it: who {told[0]} can be told from the others with a ROC-AUC of "
        f"{told[1]['mean']:.2f}."
    )


OWNERS = {"MORTGAGE": "borrowers with a mortgage", "OWN": "owners without a mortgage", "RENT": "renters"}


def _better(gain: Mapping[str, float]) -> str:
    if gain["low"] > 0:
        return "help"
    return "hurt" if gain["high"] < 0 else "make no clear difference to"


def interval(found: Mapping[str, float]) -> str:
    """A value with its interval: 0.626 [0.581, 0.669]."""
    return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def difference(found: Mapping[str, float]) -> str:
    """A difference with its interval, each with its sign."""
    value, low, high = (signed(found[name]) for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def signed(value: float, form: str = "+.3f") -> str:
    """A number with its sign and a real minus; no sign where it rounds to zero."""
    written = f"{value:{form}}".replace("-", "−")
    return written[1:] if not any(digit in "123456789" for digit in written) else written


def share(found: Mapping[str, float]) -> str:
    """A share in percent with its interval: 7.7% [6.9, 8.5]."""
    return f"{found['value']:.1%} [{100 * found['low']:.1f}, {100 * found['high']:.1f}]"


def points(found: Mapping[str, float]) -> str:
    """A difference of shares in points with its interval."""
    value, low, high = (signed(100 * found[name], "+.1f") for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def dollars(found: Mapping[str, float]) -> str:
    """An amount with its interval, in thousands of dollars."""
    value, low, high = (f"{found[name] / 1000:,.1f}".replace("-", "−") for name in ("value", "low", "high"))
    return f"{'−' if value[0] == '−' else ''}${value.lstrip('−')}k [{low}, {high}]"
