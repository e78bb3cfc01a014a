"""What the flight study says in words and numbers, computed from stored results. No data, no model comes in here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table


def sentences(result: dict[str, Any]) -> list[str]:
    """Say in plain words what the numbers mean; every word that judges follows from a number."""
    models, facts, found = result["models"], result["data"], result["verdict"]
    winner, second = found["ranking"][:2]
    name, other = (_with_article(models[key]["name"]) for key in (winner, second))
    test = facts["parts"]["test"]
    said = [
        f"Best at ranking the flights of November and December: {name}, with an average precision of "
        f"{interval(found['intervals'][winner])}; knowing nothing gives {test['event']:.3f}, the departure board alone "
        f"{interval(found['intervals']['board'])}."
    ]
    lead = found["over_second"]
    if lead["low"] > 0:
        said.append(f"Its lead over {other} is clear on these days: {difference(lead)}.")
    else:
        said.append(
            f"But call it a tie with {other}: the difference is {difference(lead)}, and other days could turn it."
        )
    if winner != "network":
        said.append(f"The neural network comes {'second' if second == 'network' else 'third'}, not first.")
    if found["over_board"]["low"] <= 0:
        said.append(f"It is not clearly better than the departure board alone: {difference(found['over_board'])}.")
    leak = result["mistakes"]["departure_delay"]
    said.append(
        f"With the departure delay among its features gradient boosting promises a ROC-AUC of "
        f"{mean(leak, 'promised_roc_auc'):.3f}, and two hours before departure, when nobody knows that delay, it "
        f"delivers {mean(leak, 'delivered_roc_auc'):.3f}."
    )
    honest, shuffled = result["mistakes"]["honest"], result["mistakes"]["random_split"]
    said.append(
        f"Split at random it promises {mean(shuffled, 'promised_roc_auc'):.3f}, split by time "
        f"{mean(honest, 'promised_roc_auc'):.3f}; the months that followed gave "
        f"{mean(shuffled, 'delivered_roc_auc'):.3f} and {mean(honest, 'delivered_roc_auc'):.3f}."
    )
    metrics = models[winner]["metrics"]
    said.append(
        f"At the threshold chosen before, {name} finds {mean(metrics, 'recall'):.0%} of the late and cancelled "
        f"flights, and {mean(metrics, 'precision'):.0%} of its flags are right."
    )
    return said


def _with_article(name: str) -> str:
    return f"the {name}" if name.endswith("network") else name


def summary(result: dict[str, Any]) -> "Table":
    """Return the comparison as a table for the terminal."""
    from rich.table import Table

    models = result["models"]
    table = Table(box=None, header_style="bold")
    table.add_column("model", no_wrap=True)
    for header in ("average precision", "ROC-AUC", "Brier", "found", "flags right"):
        table.add_column(header, justify="right", no_wrap=header == "average precision")
    for key in shown(models):
        metrics = models[key]["metrics"]
        cells = [spread(metrics, "average_precision")]
        cells += [f"{mean(metrics, name):.3f}" for name in ("roc_auc", "brier")]
        cells += [percent(mean(metrics, name)) for name in ("recall", "precision")]
        table.add_row(models[key]["name"], *cells, style="bold" if key == result["verdict"]["ranking"][0] else "")
    return table


def shown(models: Mapping[str, Any]) -> list[str]:
    """The baselines and the contestants."""
    return [key for key, model in models.items() if model["role"] != "ablation"]


def mean(metrics: Mapping[str, Any], name: str) -> Any:
    """The mean of one measure over the seeds; None where it is undefined."""
    return metrics[name]["mean"]


def spread(metrics: Mapping[str, Any], name: str) -> str:
    """``mean ± standard deviation``, without the latter where no seed changes anything; a dash if undefined."""
    found = metrics[name]
    if found["mean"] is None:
        return "–"
    return f"{found['mean']:.3f}" + (f" ± {found['std']:.3f}" if len(set(found["values"])) > 1 else "")


def interval(found: Mapping[str, float]) -> str:
    """A value with its interval: 0.423 [0.338, 0.499]."""
    return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def difference(found: Mapping[str, float]) -> str:
    """A difference with its interval, each with its sign."""
    value, low, high = (signed(found[name]) for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def signed(value: float) -> str:
    """A number with its sign and a real minus; no sign where it rounds to zero."""
    written = f"{value:+.3f}".replace("-", "−")
    return "0.000" if written[1:] == "0.000" else written


def judged(found: Mapping[str, float]) -> str:
    """Whether a change helped, by its interval, as far as three digits tell."""
    if round(found["low"], 3) > 0:
        return "better"
    return "worse" if round(found["high"], 3) < 0 else "no clear difference"


def percent(share: float | None) -> str:
    """A share in percent with one digit; a dash for an unknown one."""
    return "–" if share is None else f"{share:.1%}"


def megabytes(size: float) -> str:
    """A number of bytes in megabytes."""
    return f"{size / 1e6:,.1f} MB"


MONTHS = dict(enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], start=1))
