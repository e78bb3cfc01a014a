"""What the study says: its page and its sentences, from stored results alone."""

from typing import TYPE_CHECKING, Any

from groundup.applications.metrics import duel
from groundup.applications.model_card import add_card

if TYPE_CHECKING:
    from rich.table import Table

    from groundup.report import Page

KINDS = {"symmetric": "any other class, alike", "pair": "always the next class"}
NOT_TO_BE_HAD = "clean"
LARGER = {
    "mnist": "MNIST",
    "cifar10": "CIFAR-10, whose photographs are described by how much they look like patches of one another (no label "
    "takes part in that)",
}


def _label(row: dict[str, Any]) -> str:
    return f"{row['kind']}, {row['rate']:.0%}"


def _percent(summary: dict[str, Any]) -> str:
    return f"{summary['mean']:.1%}" + ("" if summary["std"] is None else f" ± {summary['std']:.1%}")


def _ranking(row: dict[str, Any]) -> list[str]:
    honest = [name for name in row["accuracy"] if name != NOT_TO_BE_HAD]
    return sorted(honest, key=lambda name: row["accuracy"][name]["mean"], reverse=True)


def _hardest(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The highest rate of each kind."""
    rows = {row["kind"]: row for row in sorted(result["noises"], key=lambda row: row["rate"])}
    return list(rows.values())


def sentences(result: dict[str, Any]) -> list[str]:
    """Say in plain words what the numbers mean; every word that judges follows from a number."""
    names, said = result["names"], []
    for row in _hardest(result):
        first, second = _ranking(row)[:2]
        accuracy, found = row["accuracy"], row["found"]
        said.append(
            f"{row['rate']:.0%} of the labels wrong ({KINDS[row['kind']]}): trained to the end, the network reads "
            f"{_percent(accuracy['plain'])} of the test images; the best is {names[first]}, {_percent(accuracy[first])}"
            f"{_lead(row, first, second, names)}."
        )
        said.append(
            f"There, {found['precision']['mean']:.0%} of the suspected labels are wrong, and "
            f"{found['recall']['mean']:.0%} of the wrong ones are suspected."
        )
    return said


def _lead(row: dict[str, Any], first: str, second: str, names: dict[str, str]) -> str:
    values = [row["accuracy"][name]["values"] for name in (first, second)]
    gap = duel(*values)
    if gap.spread is None:
        return f"; one seed can't tell it from {names[second]} ({_percent(row['accuracy'][second])})"
    if gap.clear:
        return f", clearly ahead of {names[second]} ({_percent(row['accuracy'][second])})"
    return f", not clearly ahead of {names[second]} ({_percent(row['accuracy'][second])}): call it a tie"


def summary(result: dict[str, Any]) -> "Table":
    """Return the test accuracies as a table for the terminal."""
    from rich.table import Table

    rows = _hardest(result)
    table = Table(box=None, header_style="bold")
    table.add_column("way of learning")
    for row in rows:
        table.add_column(_label(row), justify="right", no_wrap=True)
    for name, words in result["names"].items():
        best = any(_ranking(row)[0] == name for row in rows)
        table.add_row(words, *(_percent(row["accuracy"][name]) for row in rows), style="bold" if best else "")
    return table


def add_to(page: "Page", result: dict[str, Any], alone: bool = False) -> "Page":
    """Add the study to a page; every number and figure is one of ``result``."""
    level = 2 if alone else 3
    if not alone:
        page.section("Who labelled this?")
    for heading, part in (
        ("", _opening),
        ("What a network does with wrong labels", _memory),
        ("What helps", _remedies),
        ("Which labels are wrong?", _found),
        ("On larger data sets", _larger),
    ):
        if part is _larger and not result["larger"]:
            continue
        if heading:
            page.section(heading, level=level)
        part(page, result)
    return add_card(page, result["card"], level)


def _opening(page: "Page", result: dict[str, Any]) -> None:
    row = _hardest(result)[0]
    best = _ranking(row)[0]
    sizes = result["data"]["sizes"]
    page.text(
        "Labels come from people in a hurry, from other systems, from guesses. Here the truth is known, because the "
        "mistakes are put in on purpose: evenly, or always towards one other class. The validation labels are just as "
        "wrong, for nobody has a clean part; only the test labels, which are asked once, are true."
    )
    page.numbers(
        [
            (f"{row['accuracy']['plain']['mean']:.1%}", "read rightly by a network trained to the end",
             f"{row['rate']:.0%} of the labels were wrong."),
            (f"{row['accuracy'][best]['mean']:.1%}", f"by the best remedy: {result['names'][best]}", "Same labels."),
            (f"{row['accuracy'][NOT_TO_BE_HAD]['mean']:.1%}", "with all labels right", "Not to be had."),
            (f"{row['found']['recall']['mean']:.0%}", "of the wrong labels found",
             f"{row['found']['precision']['mean']:.0%} of the suspects are wrong."),
        ]
    )  # fmt: skip
    page.note("**What the numbers say.**\n\n" + "\n\n".join(sentences(result)))
    page.text(
        f"The data: `{result['data']['name']}`, {sizes['training']} images to train, {sizes['validation']} to "
        f"validate, {sizes['test']} to test; licence {result['data']['licence']}. Source: {result['data']['source']}"
    )


def _memory(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    page.text(
        "First it learns what many images share, and then it reads even wrongly labelled images rightly: it knows "
        "better than its labels. Then it goes on to learn the rest by heart, one image after the other. The accuracy "
        "on (noisy) validation labels is all that a user would see."
    )
    words = {
        "right": "right labels: read rightly",
        "true": "wrong labels: true class read",
        "given": "wrong labels: learnt by heart",
        "validation": "validation, noisy labels",
    }
    for noise, history in result["memory"].items():
        kind, rate = noise.split()
        x = list(range(1, len(history["validation"]) + 1))
        page.figure(
            plots.lines({words[name]: (x, history[name]) for name in words}, "epoch", "share of the images"),
            f"{float(rate):.0%} of the labels wrong ({KINDS[kind]}); one network of the first seed, weight decay 0.",
            "; ".join(f"{words[name]}: best {max(history[name]):.0%}, last {history[name][-1]:.0%}" for name in words),
        )


def _remedies(page: "Page", result: dict[str, Any]) -> None:
    page.text(
        "**Stopping early** keeps the epoch that did best on validation. Labels that are wrong evenly lower that "
        "number for all epochs alike, so it still points to the right one; labels that all go one way may mislead it. "
        "A **robust loss** listens less to labels that seem unlikely. In **co-teaching** two networks choose for each "
        "other the examples that look easy. **Removing suspects** is the search below, then training on the rest. "
        "Each remedy and each baseline has three settings, of which the noisy validation labels choose."
    )
    page.table(
        ["way of learning", *(_label(row) for row in result["noises"])],
        [
            [words, *(_percent(row["accuracy"][name]) for row in result["noises"])]
            for name, words in result["names"].items()
        ],
        f"Share of the test images that are read rightly, mean ± standard deviation over {result['seeds']} seeds. "
        "Symmetric: a wrong label is any other class, alike; pair: always the next one.",
    )
    row = _hardest(result)[0]
    page.table(
        ["way of learning", "accuracy", "95% interval over the test images"],
        [
            [words, f"{row['accuracy'][name]['mean']:.1%}", "{:.1%} to {:.1%}".format(*row["interval"][name][1:])]
            for name, words in result["names"].items()
        ],
        f"{_label(row)}: how much the luck of the test images may matter (bootstrap).",
    )


def _found(page: "Page", result: dict[str, Any]) -> None:
    page.text(
        "Confident learning: each image gets probabilities from a model that has not seen it. Where another class than "
        "the label is as likely as is usual for images of that class, the label is suspected. The truth is known here, "
        "so the search can be scored."
    )
    page.table(
        ["noise", "labels that are wrong", "suspected", "of the suspects, wrong", "of the wrong, suspected", "AP"],
        [
            [_label(row), *(f"{row['found'][n]['mean']:.1%}" for n in ("wrong", "suspected", "precision", "recall")),
             f"{row['found']['average precision']['mean']:.3f}"]
            for row in result["noises"]
        ],
        f"Means over {result['seeds']} seeds. AP: average precision, when all labels are looked at, the most doubtful "
        "first; by chance it would be the share of wrong labels.",
    )  # fmt: skip


def _larger(page: "Page", result: dict[str, Any]) -> None:
    for name, larger in result["larger"].items():
        sizes = larger["sizes"]
        page.text(
            f"The same on {LARGER[name]}: {sizes['training']:,} images to train, {sizes['validation']:,} to "
            f"validate, {sizes['test']:,} to test."
            + (f" (Not the original files: {', '.join(larger['unverified'])}.)" if larger["unverified"] else "")
        )
        page.table(
            ["way of learning", *(_label(row) for row in larger["rows"])],
            [
                [words, *(_percent(row["accuracy"][way]) for row in larger["rows"])]
                for way, words in result["names"].items()
            ],
            f"Share of the test images that are read rightly, mean ± standard deviation over {larger['seeds']} seeds.",
        )
        page.table(
            ["noise", "labels that are wrong", "of the suspects, wrong", "of the wrong, suspected"],
            [
                [_label(row), *(f"{row['found'][n]['mean']:.1%}" for n in ("wrong", "precision", "recall"))]
                for row in larger["rows"]
            ],
            "The search for the wrong labels: the less the model that looks can read, the more it suspects in vain.",
        )
