"""The sections of the review page about dirt, copies and a rare class, from stored results."""

from typing import TYPE_CHECKING, Any

from groundup.applications.reviews.words import spread

if TYPE_CHECKING:
    from groundup.report import Page


def add_data(page: "Page", result: dict[str, Any]) -> None:
    """Count the dirt; say what it costs, and what torn lines cost."""
    facts, states, torn = result["data"], result["mistakes"]["dirt"], result["mistakes"]["torn"]
    page.text(
        "Of the "
        + f"{facts['reviews']:,} reviews, "
        + "; ".join(f"{number:,} hold {name}" for name, number in facts["dirt"].items())
        + ". “Shouting” is a word of four or more capital letters: it is no dirt, and it is lost in lower case."
    )
    page.table(
        ["the texts", "words in training", "of the words asked about, unseen", "average precision"],
        [
            [name, f"{found['words']['mean']:,.0f}", f"{found['unseen']['mean']:.1%}",
             spread(found["average precision"])]
            for name, found in states.items()
        ],
        "Counted single words, measured on validation. Learning and asking must read a text in the same way; the rows "
        "below the third are what happens when they do not, and the last is the repair. What dirt costs is to be "
        "measured, not assumed: where many words tell, a few spoiled ones may cost little. Mean ± standard deviation "
        f"over {result['seeds']} seeds.",
    )  # fmt: skip
    page.text(
        "**Torn lines.** Reviews in one file, labels in another, a line each. A word processor on Windows makes one "
        "character of three dots, the byte 0x85. Read as Latin-1 it is U+0085, “next line”, and `str.splitlines` ends "
        "a line there. From the first such place on every label stands beside another review, and `zip` says nothing "
        "about the lines that are left over. (The dots are those of these reviews; the file is made here, to show it.)"
    )
    page.table(
        ["read by", "lines", "labels in place", "average precision"],
        [
            [f"`{name}`", f"{torn[way]['lines']['mean']:,.0f}", f"{torn[way]['in place']['mean']:.1%}",
             spread(torn[way]["average precision"])]
            for way, name in (("split", 'decode("cp1252").split("\\n")'),
                              ("splitlines", 'decode("latin-1").splitlines()'))
        ],
        f"{torn['reviews']['mean']:,.0f} training reviews, counted words, measured on validation.",
    )  # fmt: skip


def add_copies(page: "Page", result: dict[str, Any]) -> None:
    """Say which copies the data hold, score the search on planted ones, and show what a split at random promises."""
    facts, copied = result["data"], result["mistakes"]["copied"]
    page.text(
        f"{facts['equal']} reviews are equal to an earlier one, {facts['equal when cleaned']} when cleaned. Near "
        "copies are found by runs of three words: two texts are copies if they share at least half of all their runs. "
        f"{facts['pairs']} pairs are, {facts['pairs across']} of them with one review in the given training part and "
        f"one in the given test part, and {facts['disagreeing']} with different labels. So {facts['left out']} reviews "
        "are left out of training, and copies are never divided between training and validation. These are few. A shop "
        "that shows each review under every size of a product has many, and so the same is done with copies planted:"
    )
    rows = []
    for at in copied:
        for name, words in (("neighbours", "nearest neighbours"), ("words", "counted words")):
            one = at[name]
            rows.append(
                [f"{at['rate']['mean']:.0%}", words, *(spread(one[way]) for way in ("random", "grouped", "delivered"))]
            )
    page.table(
        ["reviews copied", "model", "split at random promises", "split by groups promises", "fresh reviews give"],
        rows,
        "Average precision. The copies lack one word in thirty, so that a search for equal texts misses most of them. "
        "The groups are those that the search for near copies finds, not the known ones. The fresh reviews are the "
        "validation part, which has no copies.",
    )
    page.table(
        ["alike from", "planted copies found", "other pairs found"],
        [
            [f"{at['least']['mean']:.1f}", f"{at['found']['mean']:.1%}", f"{at['others']['mean']:,.1f}"]
            for at in copied[-1]["detection"]
        ],
        "The search, scored: of the planted copies the share that is found, and pairs of reviews that are not copies "
        "by planting (the data have some of their own). Means over the seeds.",
    )


def add_rare(page: "Page", result: dict[str, Any]) -> None:
    """Show what each measure says where unhappy reviews are rare."""
    rare = result["mistakes"]["rare"]
    measures = ("accuracy", "balanced_accuracy", "recall", "precision", "f1", "average_precision")
    page.text(
        "Unhappy reviews are left out at random, in training and validation, until one in twenty is left. Thresholds "
        "are chosen on a quarter of the training reviews, and measured on validation."
    )
    page.table(
        ["counted words", "accuracy", "balanced accuracy", "found", "flags right", "F1", "average precision"],
        [
            [name, *("–" if found[key]["mean"] is None else f"{found[key]['mean']:.3f}" for key in measures)]
            for name, found in rare.items()
        ],
        f"Means over {result['seeds']} seeds. Accuracy praises whoever flags nobody. The average precision tells "
        "whether weighted classes rank better; all else is where the threshold lies, and which one is right depends on "
        "what a missed complaint and a false alarm cost.",
    )
