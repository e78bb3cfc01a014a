"""What the review study says in words and numbers, computed from stored results alone."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from groundup.applications.reviews.contest import CLEANED, CUT, MAJORITY

if TYPE_CHECKING:
    from rich.table import Table

NETWORKS = ("gru", "transformer")
SHORT = {"words": "words", "characters": "letters", "gru": "GRU", "transformer": "Transformer"}  # heads of columns
AP = "average_precision"


def sentences(result: dict[str, Any]) -> list[str]:
    """Say in plain words what the numbers mean; every word that judges follows from a number."""
    said = [*_winner(result, result["contest"]), _curves(result), _noise(result), _copies(result)]
    said += [_dirt(result), _rare(result)]
    if result["second"]:
        first = _winner(result, result["second"]["contest"])[0]
        said.append(f"On sentences about films ({result['second']['seeds']} seeds): {first[0].lower()}{first[1:]}")
    return said


def _winner(result: dict[str, Any], contest: dict[str, Any]) -> list[str]:
    names, measured = result["names"], contest["metrics"]
    first = contest["ranking"][0]
    nothing = measured[MAJORITY][AP]["mean"]
    text = (
        f"Best at putting the unhappy reviews first: {names[first]}, with an average precision of "
        f"{interval(contest['intervals'][first])}; knowing nothing gives {nothing:.3f}. "
    )
    clear = [kind for kind in contest["ranking"][1:] if contest["differences"][kind]["low"] > 0]
    tied = [kind for kind in contest["ranking"][1:] if kind not in clear]
    if clear:
        text += "Clearly behind: " + "; ".join(
            f"{names[kind]} ({measured[kind][AP]['mean']:.3f}, by {difference(contest['differences'][kind])})"
            for kind in clear
        )
        text += "." if not tied else ". "
    if tied:
        text += "Call it a tie with " + "; ".join(
            f"{names[kind]} ({measured[kind][AP]['mean']:.3f}; the lead is {difference(contest['differences'][kind])})"
            for kind in tied
        )
        text += "."
    best = max(NETWORKS, key=lambda kind: measured[kind][AP]["mean"])
    short, network = measured[CUT][AP]["mean"], measured[best][AP]["mean"]
    said = [text]
    if first not in NETWORKS:
        said.append(
            f"The networks read the first {result['data']['words']['cut']} words of a review. Counted words that read "
            f"no more get {short:.3f}, the better network {network:.3f}: "
            + (
                "so it is not only for what it does not read."
                if short > network
                else "what it does not read is the difference."
            )
        )
    return said


def _curves(result: dict[str, Any]) -> str:
    kinds, curve = list(result["names"]), full_curve(result)
    small, large = curve[0], curve[-1]
    linear, network = (
        max(some, key=lambda kind: large["quality"][kind]["mean"])
        for some in ([k for k in kinds if k not in NETWORKS], NETWORKS)
    )
    gaps = [at["quality"][linear]["mean"] - at["quality"][network]["mean"] for at in (small, large)]
    return (
        f"With {small['size']:,} reviews to learn from, the better linear model is ahead of the better network by "
        f"{gaps[0]:.3f}, with {large['size']:,} by {gaps[1]:.3f}: "
        + ("the gap narrows as reviews are added." if gaps[1] < gaps[0] else "more reviews do not narrow the gap here.")
    )


def _noise(result: dict[str, Any]) -> str:
    worst, names = result["noise"][-1], result["names"]
    now = {kind: worst["quality"][kind]["mean"] for kind in names}
    best, network = (max(some, key=lambda kind: now[kind]) for some in (names, NETWORKS))
    found = worst["found"]
    return (
        f"With {worst['rate']:.0%} of the labels wrong, best is {names[best]}, with {now[best]:.3f} instead of "
        f"{unspoiled(result, best):.3f}"
        + (
            ""
            if best == network
            else f"; the better network gets {now[network]:.3f} instead of {unspoiled(result, network):.3f}"
        )
        + f". Of the labels that the search suspects there, {found['precision']['mean']:.0%} are wrong; without them, "
        f"counted words get {worst['quality'][CLEANED]['mean']:.3f} instead of {now['words']:.3f}."
    )


def _copies(result: dict[str, Any]) -> str:
    many = result["mistakes"]["copied"][-1]
    near = many["neighbours"]
    return (
        f"With copies of {many['rate']['mean']:.0%} of the reviews among them, a split at random promises nearest "
        f"neighbours {near['random']['mean']:.3f}, and counted words {many['words']['random']['mean']:.3f}; fresh "
        f"reviews give them {near['delivered']['mean']:.3f} and {many['words']['delivered']['mean']:.3f}. A split by "
        f"groups promises {near['grouped']['mean']:.3f} and {many['words']['grouped']['mean']:.3f}."
    )


def _dirt(result: dict[str, Any]) -> str:
    torn, states = result["mistakes"]["torn"], result["mistakes"]["dirt"]
    wrong, right = torn["splitlines"], torn["split"]
    clean, raw = (states[name]["average precision"]["mean"] for name in ("cleaned", "as they come, cut at blanks"))
    return (
        f"After one odd character has torn lines apart, {in_place(torn)} labels stand beside "
        f"their review, and the average precision is {wrong['average precision']['mean']:.3f} instead of "
        f"{right['average precision']['mean']:.3f}. As the reviews come, with markup and cut at blanks, counted single "
        f"words get {raw:.3f}; cleaned, {clean:.3f}."
    )


def in_place(torn: dict[str, Any]) -> str:
    """How many labels stand beside their review after the lines were torn: 1 of 3,194."""
    reviews = torn["reviews"]["mean"]
    return f"{torn['splitlines']['in place']['mean'] * reviews:,.0f} of {reviews:,.0f}"


def _rare(result: dict[str, Any]) -> str:
    rare = result["mistakes"]["rare"]
    ways = ("“happy” for everyone", "plain, threshold ½", "plain, threshold for F1")
    lazy, plain, best = (rare[name] for name in ways)
    return (
        f"Where one review in twenty is unhappy, “happy” for everyone is right for {lazy['accuracy']['mean']:.1%}; "
        f"a model with the threshold ½ finds {plain['recall']['mean']:.0%} of the unhappy ones. With a threshold "
        f"chosen for F1 it finds {best['recall']['mean']:.0%}, and its accuracy is {best['accuracy']['mean']:.1%}."
    )


def full_curve(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The learning curve with its last point, the contest itself."""
    everything = {kind: result["contest"]["metrics"][kind][AP] for kind in result["names"]}
    return [*result["curves"], {"size": result["data"]["parts"]["train"]["reviews"], "quality": everything}]


def unspoiled(result: dict[str, Any], kind: str) -> float:
    """What a contestant gets with right labels."""
    return result["contest"]["metrics"][kind][AP]["mean"]


def summary(result: dict[str, Any]) -> "Table":
    """Return the contest as a table for the terminal."""
    from rich.table import Table

    contest = result["contest"]
    table = Table(box=None, header_style="bold")
    table.add_column("model")
    for header in ("average precision", "balanced accuracy", "F1", "accuracy"):
        table.add_column(header, justify="right", no_wrap=header == "average precision")
    for key in order(result, contest):
        measured = contest["metrics"][key]
        cells = [spread(measured[AP])] + [
            f"{measured[name]['mean']:.3f}" for name in ("balanced_accuracy", "f1", "accuracy")
        ]
        table.add_row(called(result, key), *cells, style="bold" if key == contest["ranking"][0] else "")
    return table


def order(result: dict[str, Any], contest: dict[str, Any]) -> list[str]:
    """The contestants from the best to the worst, and what they are compared with."""
    return [*contest["ranking"], CUT, MAJORITY]


def called(result: dict[str, Any], key: str) -> str:
    """The name of a contestant, or of what it is compared with."""
    if key == CUT:
        return f"words, of the first {result['data']['words']['cut']} of each review"
    return result["names"].get(key, key)


def spread(found: Mapping[str, Any]) -> str:
    """``mean ± standard deviation``, without the latter where no seed changes anything."""
    varies = found["std"] is not None and len(set(found["values"])) > 1
    return f"{found['mean']:.3f}" + (f" ± {found['std']:.3f}" if varies else "")


def interval(found: Mapping[str, float]) -> str:
    """A value with its interval: 0.423 [0.338, 0.499]."""
    return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def difference(found: Mapping[str, float]) -> str:
    """A difference with its interval."""
    return f"{signed(found['value'])} [{signed(found['low'])}, {signed(found['high'])}]"


def signed(value: float) -> str:
    """A number with its sign and a real minus; no sign where it rounds to zero."""
    written = f"{value:+.3f}".replace("-", "−")
    return "0.000" if written[1:] == "0.000" else written
