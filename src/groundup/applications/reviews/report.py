"""The page of the review study, from stored results alone: the opening, the contest, and what the winner does."""

from typing import TYPE_CHECKING, Any

from groundup.applications.model_card import add_card
from groundup.applications.reviews.contest import CLEANED, MAJORITY
from groundup.applications.reviews.report_mistakes import add_copies, add_data, add_rare
from groundup.applications.reviews.words import (
    AP,
    NETWORKS,
    SHORT,
    called,
    difference,
    full_curve,
    in_place,
    interval,
    order,
    sentences,
    spread,
    unspoiled,
)

if TYPE_CHECKING:
    from groundup.report import Page


def add_to(page: "Page", result: dict[str, Any], alone: bool = False) -> "Page":
    """Add the study to a page; every number and figure is one of ``result``."""
    level = 2 if alone else 3
    if not alone:
        page.section("Were they happy?")
    _opening(page, result)
    for heading, part in (
        ("Dirty text", add_data),
        ("Copies on both sides of the split", add_copies),
        ("When unhappy reviews are rare", add_rare),
        ("The contest", _contest),
        ("Few reviews, and many", _curves),
        ("Wrong labels", _noise),
        ("What it looks at, and where it errs", _shown),
        ("The same on sentences about films", _second),
    ):
        if part is _second and not result["second"]:
            continue
        page.section(heading, level=level)
        part(page, result)
    return add_card(page, result["card"], level)


def _opening(page: "Page", result: dict[str, Any]) -> None:
    facts, contest, copied = result["data"], result["contest"], result["mistakes"]["copied"][-1]
    first = contest["ranking"][0]
    network = max(NETWORKS, key=lambda kind: contest["metrics"][kind][AP]["mean"])
    page.text(
        f"{facts['reviews']:,} reviews of food, {facts['unhappy']:.0%} of them with fewer than five stars. They come "
        "as a web shop kept them: with markup, and some of them twice. The question is an old one, and the answers "
        "range from counting words to networks that read in order."
    )
    page.numbers(
        [
            (f"{contest['metrics'][first][AP]['mean']:.3f}", f"average precision: {result['names'][first]}",
             f"Knowing nothing gives {contest['metrics'][MAJORITY][AP]['mean']:.3f}."),
            (f"{contest['metrics'][network][AP]['mean']:.3f}", f"by the better network: {result['names'][network]}",
             "As many trials, the same reviews."),
            (f"{copied['neighbours']['random']['mean']:.3f}", "promised to nearest neighbours by a split at random",
             f"With copies among the reviews. Fresh ones give {copied['neighbours']['delivered']['mean']:.3f}."),
            (in_place(result["mistakes"]["torn"]), "labels beside their review",
             "After one odd character has torn lines apart."),
        ]
    )  # fmt: skip
    page.note("**What the numbers say.**\n\n" + "\n\n".join(sentences(result)))
    parts = facts["parts"]
    page.text(
        f"The data: `{facts['name']}`, {parts['train']['reviews']:,} reviews to train, "
        f"{parts['validation']['reviews']:,} to validate (divided anew with each of the {result['seeds']} seeds), "
        f"{parts['test']['reviews']:,} to test, as given; the test part was asked once, after every choice. "
        f"Licence: {facts['licence']}. Source: {facts['source']}"
    )


def _contest(page: "Page", result: dict[str, Any]) -> None:
    cut = result["data"]["words"]
    page.text(
        "Two linear models weigh how often words, or runs of letters, occur (TF-IDF). Two networks read the first "
        f"{cut['cut']} words in their order ({cut['longer']:.0%} of the reviews are longer): one state that goes from "
        "word to word (GRU), or every word looking at every other (Transformer). Everyone learns vocabulary and "
        "weights from the training reviews alone and has six trials, of which validation chooses; the networks choose "
        "their epoch by it as well. The threshold that makes decisions of scores is chosen there too. One row more "
        "lets the counted words read no more than the networks."
    )
    _table(page, result, result["contest"], result["seeds"])
    page.table(
        ["contestant", "setting", "validation"],
        [
            [result["names"][kind], _setting(one["setting"]), f"{one['validation']:.3f}"]
            for kind, trials in result["trials"].items()
            for one in trials
        ],
        "All trials: average precision on the first seed's validation part. The best of each contestant went on.",
    )


def _table(page: "Page", result: dict[str, Any], contest: dict[str, Any], seeds: int) -> None:
    first, rows = contest["ranking"][0], []
    for key in order(result, contest):
        measured = contest["metrics"][key]
        rows.append(
            [called(result, key), spread(measured[AP]), interval(contest["intervals"][key]),
             "–" if key == first else difference(contest["differences"][key]),
             *(f"{measured[name]['mean']:.3f}" for name in ("balanced_accuracy", "f1", "accuracy"))]
        )  # fmt: skip
    page.table(
        ["model", "average precision", "95% interval", "the first is ahead by", "balanced accuracy", "F1", "accuracy"],
        rows,
        f"The test part. Mean ± standard deviation over {seeds} seeds. The intervals draw the test reviews again, "
        "copies together; those of differences draw the same reviews for both, and a difference is clear where they "
        "leave out zero.",
        best=0,
    )


def _setting(setting: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in setting.items())


def _curves(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    curve = full_curve(result)
    sizes = [at["size"] for at in curve]
    lines = {name: (sizes, [at["quality"][kind]["mean"] for at in curve]) for kind, name in result["names"].items()}
    page.text(
        "Each contestant, with the setting that was chosen for all reviews, learns from a sixteenth of them, an "
        "eighth, and so on. Settings chosen anew for few reviews might do better there."
    )
    page.figure(
        plots.lines(lines, "reviews to learn from", "average precision on the test part", from_zero=False),
        f"Means over {result['seeds']} seeds.",
        "Line chart of average precision over the number of training reviews: "
        + "; ".join(f"{name} from {y[0]:.2f} to {y[-1]:.2f}" for name, (_, y) in lines.items()),
    )
    page.table(
        ["reviews", *SHORT.values()],
        [[f"{at['size']:,}", *(spread(at["quality"][kind]) for kind in result["names"])] for at in curve],
        "Average precision on the test part, mean ± standard deviation over the seeds.",
    )


def _noise(page: "Page", result: dict[str, Any]) -> None:
    page.text(
        "A share of the labels is turned round, in training and in validation alike, for nobody has a clean part; the "
        "test labels stay. Then confident learning looks for the wrong ones: a review is suspected if a model that "
        "has not seen it is as sure of the other label as it usually is of reviews that bear that label. The truth is "
        "known here, so the search can be scored."
    )
    rows = [["none", *(f"{unspoiled(result, kind):.3f}" for kind in result["names"]), "–"]]
    rows += [
        [f"{at['rate']:.0%}", *(f"{at['quality'][key]['mean']:.3f}" for key in (*result["names"], CLEANED))]
        for at in result["noise"]
    ]
    page.table(
        ["labels wrong", *SHORT.values(), CLEANED],
        rows,
        f"Average precision on the test part, means over {result['seeds']} seeds.",
    )
    page.table(
        ["labels that are wrong", "suspected", "of the suspects, wrong", "of the wrong, suspected", "AP of the search"],
        [
            [*(f"{at['found'][name]['mean']:.1%}" for name in ("wrong", "suspected", "precision", "recall")),
             f"{at['found']['average precision']['mean']:.3f}"]
            for at in result["noise"]
        ],
        "AP: average precision, when all labels are looked at, the most doubtful first; by chance it would be the "
        "share of wrong labels.",
    )  # fmt: skip
    page.text("The labels as they were given are not beyond doubt either. The most doubtful training reviews:")
    page.points([f"{_stars(one)}: “{one['text']}”" for one in result["shown"]["doubtful"]])


def _stars(one: dict[str, Any]) -> str:
    return "**One to four stars**" if one["unhappy"] else "**Five stars**"


def _shown(page: "Page", result: dict[str, Any]) -> None:
    found = result["shown"]
    page.text("The words and pairs of words with the largest weights, in the model that counts words:")
    page.table(
        ["for an unhappy review", "weight", "for a happy one", "weight "],
        [
            [bad, f"{weight:.2f}", good, f"{other:.2f}".replace("-", "−")]
            for (bad, weight), (good, other) in zip(found["words"]["unhappy"], found["words"]["happy"])
        ],
        "Of the first seed's training reviews.",
    )
    page.text(
        "The test reviews that the winner puts farthest on the wrong side, and where it puts them: at 100% it thinks "
        "that of all test reviews this is the most unhappy."
    )
    page.points([f"{_stars(one)}, put at {one['number']:.0%}: “{one['text']}”" for one in found["mistakes"]])


def _second(page: "Page", result: dict[str, Any]) -> None:
    second = result["second"]
    facts, torn = second["data"], second["torn"]
    page.text(
        f"`{facts['name']}`: {facts['reviews']:,} sentences, half of them from reviews against the film, "
        f"{facts['words']['median']:.0f} words each in the middle, so that the networks read "
        f"{1 - facts['words']['longer']:.1%} of them whole. Licence: {facts['licence']}. Source: {facts['source']}"
        + (f" Not the original bytes: {', '.join(facts['unverified'])}." if facts["unverified"] else "")
    )
    page.table(
        ["read by", "lines", "labels in place", "average precision on validation"],
        [
            [f"`{name}`", f"{torn[way]['lines']['mean']:,.0f}", f"{torn[way]['in place']['mean']:.1%}",
             spread(torn[way]["average precision"])]
            for way, name in (("split", 'decode("cp1252").split("\\n")'),
                              ("splitlines", 'decode("latin-1").splitlines()'))
        ],
        f"Here the odd characters are the data's own. {torn['reviews']['mean']:,.0f} training sentences in a random "
        "order in one file, their labels in another.",
    )  # fmt: skip
    page.text(
        "The contest again: six trials for everyone on the first seed's validation part, then the test part, a fifth "
        "of the sentences, once."
    )
    _table(page, result, second["contest"], second["seeds"])
    page.text(
        "Chosen: "
        + "; ".join(f"{result['names'][kind]}, {_setting(setting)}" for kind, setting in second["chosen"].items())
        + "."
    )
