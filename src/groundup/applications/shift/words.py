"""What the study says in words and numbers, computed from stored results. No data, no model comes in here."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rich.table import Table

MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
BEARABLE = 0.03  # accuracy, as a share, that a change may cost without much harm
NOTICED = 0.95  # share of batches with an alarm from which on a change counts as noticed


def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def spread(summary: dict[str, Any], form: str = ".1%") -> str:
    """Mean ± standard deviation over the seeds."""
    return f"{summary['mean']:{form}}" + ("" if summary["std"] is None else f" ± {summary['std']:{form}}")


def points(interval: Sequence[float]) -> str:
    """A difference of two shares in percentage points, with its interval."""
    value, low, high = (100 * number for number in interval)
    return f"{value:+.1f} points [{low:+.1f}, {high:+.1f}]"


def change(interval: Sequence[float], form: str = "+.3f") -> str:
    value, low, high = interval
    return f"{value:{form}} [{low:{form}}, {high:{form}}]"


def judged(interval: Sequence[float], good: str = "helps", bad: str = "does harm", more_is_better: bool = True) -> str:
    """Say of a difference what its interval allows."""
    _, low, high = interval
    if low <= 0 <= high:
        return "no clear difference"
    return good if (low > 0) == more_is_better else bad


def at_severity(images: dict[str, Any], name: str, severity: int, key: str) -> float | None:
    """Return the mean over the corruptions at one severity (0: clean) of a measure, where it is defined."""
    rows = [row for row in images["conditions"] if row["severity"] == severity]
    known = [value for row in rows if (value := row["models"][name][key]["mean"]) is not None]
    return float(np.mean(known)) if known else None


def defined(value: float | None) -> float:
    """Return a measure that is always defined, as accuracy is."""
    assert value is not None
    return value


def power(drift: dict[str, Any], name: str, size: int, severity: int | None = None) -> float:
    """Return the share of corrupted batches with an alarm, the mean over the corruptions (at one severity)."""
    rows = [r for r in drift["rows"] if r["severity"] > 0 and severity in (None, r["severity"])]
    return float(np.mean([row["alarms"][str(size)][name] for row in rows]))


def sentences(result: dict[str, Any]) -> list[str]:
    """Say in plain words what the numbers mean; every word that judges follows from a number."""
    digits = result["sets"]["digits"]
    return [
        *_accuracy(digits, result["sure"]),
        _temperature(digits),
        *_remedies(result, digits),
        *_alarms(result["drift"]),
        *_months(result["months"]),
        *(_transfer(result["transfer"]["ways"], move) for move in result["transfer"]["moves"].values()),
    ]


def _accuracy(digits: dict[str, Any], sure: float) -> list[str]:
    clean, middle, worst = (defined(at_severity(digits, "plain", severity, "accuracy")) for severity in (0, 3, 5))
    said = (
        f"On clean test images the network reads {percent(clean)}; with corruptions of severity 3 {percent(middle)}, "
        f"of severity 5 {percent(worst)}."
    )
    confidence = defined(at_severity(digits, "plain", 5, "confidence"))
    right = at_severity(digits, "plain", 5, "sure_right")
    honest = at_severity(digits, "plain", 0, "sure_right")
    knows = "It does not know" if confidence - worst > 0.1 else "It says so"
    return [
        said,
        f"{knows}: at severity 5 its mean confidence is {percent(confidence)}. Of the answers that it gives "
        f"{sure:.0%} or more, {percent(honest)} are right on clean images and {percent(right)} there.",
    ]


def _temperature(digits: dict[str, Any]) -> str:
    overall = digits["overall"]
    ece = {
        name: [overall[name][group]["ece"]["mean"] for group in ("clean", "corrupted")]
        for name in ("plain", "temperature", "known")
    }
    loss = digits["against_plain"]["temperature"]["corrupted"]["nll"]
    effect = judged(loss, "it helps", "it makes things worse", more_is_better=False)
    return (
        f"A temperature from clean validation ({spread(digits['temperatures'], '.2f')}) moves the calibration error "
        f"from {percent(ece['plain'][0])} to {percent(ece['temperature'][0])} on clean images and from "
        f"{percent(ece['plain'][1])} to {percent(ece['temperature'][1])} on corrupted ones. By the loss on these "
        f"{effect}: {change(loss)} nats. Known for each corruption, which it never is, it would leave "
        f"{percent(ece['known'][1])}."
    )


def _remedies(result: dict[str, Any], digits: dict[str, Any]) -> list[str]:
    names, changes = result["names"], digits["against_plain"]
    first, second = digits["ranking"][:2]
    lead = f"clearly ahead of {names[second]}" if digits["lead_clear"] else f"but call it a tie with: {names[second]}"
    copies, statistics = (changes[name]["corrupted"]["accuracy"] for name in ("copies", "statistics"))
    shown = digits["shown"]
    return [
        f"First on all corrupted images: {names[first]}; it reads "
        f"{spread(digits['overall'][first]['corrupted']['accuracy'])}, {lead} ({points(digits['lead'])}). The network "
        f"with no remedy reads {spread(digits['overall']['plain']['corrupted']['accuracy'])}.",
        f"Asking about seven copies of each image: {judged(copies)}, {points(copies)}. The asked images' own means "
        f"and variances: {judged(statistics)}, {points(statistics)}; asked about clean images sorted by class, they "
        f"take the accuracy from {percent(digits['company']['kept']['mean'])} to "
        f"{percent(digits['company']['sorted']['mean'])}.",
        f"Training with corruptions, at severities that it shows: {points(shown['mild']['shown'])} where they are "
        f"those of the test, {points(shown['mild']['not shown'])} where they are others. At higher severities: "
        f"{points(shown['severe']['shown'])} and {points(shown['severe']['not shown'])}.",
    ]


def _alarms(drift: dict[str, Any]) -> list[str]:
    size, names = drift["middle"], drift["names"]
    best = max(names, key=lambda name: power(drift, name, size))
    alarms = drift["false_alarms"][str(size)][best]["mean"]
    harmless = quiet_and_loud(drift)
    meaning = drift["cases"]["meaning"]
    loudest = max(meaning["alarms"].values())
    largest = str(max(drift["batches"]))
    calm = max(drift["false_alarms"][largest][name]["mean"] for name in names)
    return [
        f"In batches of {size} images without labels, most alarms come from: {names[best]}, in "
        f"{power(drift, best, size):.0%} of the corrupted batches, and in {alarms:.0%} of the clean ones (wanted: "
        f"{drift['wanted']:.0%}). The rule of thumb, a stability index of {drift['rule']}, gives an alarm in "
        f"{drift['mistakes']['rule of thumb'][str(size)]:.0%} of the clean batches.",
        (
            f"An alarm is not harm: {harmless[0]['corruption']} at severity {harmless[0]['severity']} takes "
            f"{100 * harmless[0]['lost']:.1f} points of accuracy and is noticed in "
            f"{harmless[0]['alarms'][str(size)][best]:.0%} of the batches. "
            if harmless
            else ""
        )
        + "And harm need not give an alarm: when ones and sevens are counted as each other, accuracy falls to "
        f"{percent(meaning['accuracy'])}, and no detector sounds in more than {loudest:.0%} of the batches of "
        f"{largest}; with nothing changed it is up to {calm:.0%}.",
    ]


def quiet_and_loud(drift: dict[str, Any]) -> list[dict[str, Any]]:
    """Return corruptions that the best detector notices and that cost hardly any accuracy, the cheapest first."""
    size = drift["middle"]
    best = max(drift["names"], key=lambda name: power(drift, name, size))
    rows = [
        row
        for row in drift["rows"]
        if row["severity"] and row["lost"] < BEARABLE and row["alarms"][str(size)][best] >= NOTICED
    ]
    return sorted(rows, key=lambda row: row["lost"])


def _months(months: dict[str, Any]) -> list[str]:
    split = months["random_split"]
    aucs = {row["month"]: row["ways"]["old"]["roc_auc"] for row in months["months"]}
    worst, best = min(aucs, key=lambda month: aucs[month]), max(aucs, key=lambda month: aucs[month])
    winner = months["ranking"][0]
    gain = None if winner == "old" else months["against_old"][winner]
    repaired = months["against_old"]["repaired"]
    return [
        f"Flights, held out at random from January to May: ROC-AUC {spread(split['promised']['roc_auc'], '.3f')} is "
        f"promised, June to December give {spread(split['delivered']['roc_auc'], '.3f')}. The model of January to "
        f"April has {aucs[best]:.3f} in its best month ({MONTHS[best]}) and {aucs[worst]:.3f} in its worst "
        f"({MONTHS[worst]}).",
        f"Probabilities repaired once, on May: {judged(repaired, more_is_better=False)} over the later months (log "
        f"loss {change(repaired, '+.4f')}). The least log loss has: {months['ways'][winner]}"
        + (
            "."
            if gain is None
            else f", {change(gain, '+.4f')} against the old model "
            f"({judged(gain, 'better', 'worse', more_is_better=False)})."
        ),
    ]


def _transfer(ways: dict[str, str], move: dict[str, Any]) -> str:
    gains = move["against_scratch"]["tuned"]
    shots = move["shots"]
    helps = [str(n) for n, gain in zip(shots, gains) if gain["clear"] and gain["seeds"]["mean"] > 0]
    harms = [str(n) for n, gain in zip(shots, gains) if gain["clear"] and gain["seeds"]["mean"] < 0]
    said = f"A few examples, {move['words']}: with one image a class best is {ways[move['best'][0]]}, with {shots[-1]} "
    said += f"{ways[move['best'][-1]]}. Fine-tuning is clearly better than from scratch "
    said += f"with {', '.join(helps)} a class" if helps else "with no number of them"
    if harms:
        said += f", and clearly worse with {', '.join(harms)}"
    differences = [f"{n}: {points(gain['interval'])}" for n, gain in zip(shots, gains)]
    return f"{said} ({'; '.join(differences)})."


def summary(result: dict[str, Any]) -> "Table":
    """Return the contest on the digits as a table for the terminal."""
    from rich.table import Table

    digits = result["sets"]["digits"]
    table = Table(box=None, header_style="bold", caption="* not to be had: it needs labels of what is to come")
    table.caption_justify = "left"
    table.add_column("digits", no_wrap=True)
    for column in ("clean", "corrupted", "ECE", "loss"):
        table.add_column(column, justify="right")
    for name, words in result["names"].items():
        overall = digits["overall"][name]
        table.add_row(
            words,
            percent(overall["clean"]["accuracy"]["mean"]),
            spread(overall["corrupted"]["accuracy"]),
            percent(overall["corrupted"]["ece"]["mean"]),
            f"{overall['corrupted']['nll']['mean']:.2f}",
            style="bold" if name == digits["ranking"][0] else "",
        )
    return table
