"""What the study says: its page and its sentences, from stored results alone."""

from typing import TYPE_CHECKING, Any

import numpy as np

from groundup.applications.model_card import add_card

if TYPE_CHECKING:
    from rich.table import Table

    from groundup.report import Page

NAIVE, CHOSEN = "a large network, trained for long", "a network, its knobs chosen"
WORDS = {
    "capacity": (
        "Capacity",
        "How many hidden units? Too few can't draw the borders between ten digits: training and validation error are "
        "both high, and more data would not help. That is **underfitting**. With many, the training error keeps "
        "falling, below the share of labels that are wrong: the network learns wrong labels by heart, and the "
        "validation error rises again. That is **overfitting**.",
    ),
    "data": (
        "Data",
        "How many training images, with the same number of steps? A few can be learnt by heart at once, and the gap "
        "between the two errors is wide. With more of them the gap closes. More data is the best regulariser, where it "
        "can be had.",
    ),
    "weight decay": (
        "Weight decay",
        "Each step pulls every weight towards zero by the learning rate times λ. A little keeps the network from "
        "bending around single images. Too much, and it can't even learn what is right.",
    ),
    "dropout": (
        "Dropout",
        "In training, a share of the hidden units is switched off at random in every step, so no unit can rely on "
        "another to remember an image. Training gets harder; what is learnt has to be found in several places.",
    ),
    "augmentation": (
        "Augmentation",
        "Each training image is shifted at random, a little, each time it is seen. The label stays true, so the "
        "network sees more images than there are. But on 8 x 8 pixels a shift of several pixels pushes ink out of the "
        "frame, and the digits of the other parts stand in the middle: then the network learns something that is not "
        "asked.",
    ),
}


def _means(values: Any) -> np.ndarray:
    return np.mean(values, axis=1)


def _spreads(values: Any) -> np.ndarray:
    values = np.asarray(values)
    return values.std(axis=1, ddof=1) if values.shape[1] > 1 else np.zeros(len(values))


def _best(knob: dict[str, Any]) -> int:
    return int(_means(knob["validation error"]).argmin())


def _error(one: dict[str, Any]) -> str:
    low, high = one["interval"][1:]
    spread = "" if one["error"]["std"] is None else f" ± {one['error']['std']:.1%}"
    return f"{one['error']['mean']:.1%}{spread} [{low:.1%}, {high:.1%}]"


def sentences(result: dict[str, Any]) -> list[str]:
    """Say in plain words what the numbers mean; every word that judges follows from a number."""
    contest, said = result["contest"], []
    for knob in result["knobs"]:
        means, best = _means(knob["validation error"]), _best(knob)
        places = {0: f"{means[0]:.1%}", len(means) - 1: f"{means[-1]:.1%}"}
        places[best] = f"{means[best]:.1%} (the least)"
        errors = ", ".join(f"{places[i]} at {knob['positions'][i]:g}" for i in sorted(places))
        said.append(f"{knob['name'].capitalize()} ({knob['label']}): the validation error is {errors}.")
    epochs = result["epochs"]
    said.append(
        f"Epochs: with the weights of the lowest validation loss (median: epoch {np.median(epochs['best epoch']):g}) "
        f"the error is {np.mean(epochs['error at best epoch']):.1%}, after {epochs['epochs']} epochs "
        f"{np.mean(epochs['error at last epoch']):.1%}."
    )
    first, second = contest["ranking"][:2]
    lead = contest["lead"]
    said.append(
        f"On the test part, touched once, {first} errs least: {_error(contest['contestants'][first])}. "
        + (f"Next comes {second}; " if result["seeds"] > 1 else f"Next comes {second}: one seed can't tell more.")
        + (
            ("the lead is clear" if lead["clear"] else "the lead is less than twice its own spread: call it a tie")
            + f" ({lead['difference']:.1%} ± {lead['spread']:.1%})."
            if result["seeds"] > 1
            else ""
        )
    )
    said.append(
        f"{NAIVE.capitalize()} errs in {_error(contest['contestants'][NAIVE])}, and with knobs chosen on validation in "
        f"{_error(contest['contestants'][CHOSEN])}."
    )
    return said


def summary(result: dict[str, Any]) -> "Table":
    """Return the contest as a table for the terminal."""
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    table.add_column("model", no_wrap=True)
    table.add_column("settings", justify="right")
    table.add_column("test error, mean ± std [95%]", justify="right", no_wrap=True)
    for name in reversed(result["contest"]["ranking"]):
        one = result["contest"]["contestants"][name]
        table.add_row(
            name, str(one["tried"]), _error(one), style="bold" if name == result["contest"]["ranking"][0] else ""
        )
    return table


def add_to(page: "Page", result: dict[str, Any], alone: bool = False) -> "Page":
    """Add the study to a page; every number and figure is one of ``result``."""
    level = 2 if alone else 3
    if not alone:
        page.section("Too simple, or too clever?")
    _opening(page, result)
    for knob in result["knobs"]:
        heading, text = WORDS[knob["name"]]
        page.section(heading, level=level)
        _knob(page, knob, text, result)
    for heading, part in (
        ("Epochs", _epochs),
        ("Bias and variance", _variance),
        ("Double descent", _descent),
        ("The choice, and the test", _contest),
        ("Theory all the way down", _twin),
    ):
        page.section(heading, level=level)
        part(page, result)
    return add_card(page, result["card"], level)


def _opening(page: "Page", result: dict[str, Any]) -> None:
    facts, contest = result["data"], result["contest"]
    contestants = contest["contestants"]
    page.text(
        f"{facts['rows']} handwritten digits to learn from, and a fifth of their labels ({facts['noise']:.0%}) are "
        "wrong, as labels gathered in a hurry are. A network can learn the digits, or it can learn the mistakes too. "
        "Here one knob at a time is turned, and everything else stays where it is."
    )
    page.numbers(
        [
            (f"{contestants[NAIVE]['error']['mean']:.1%}", "test error of a large network, trained for long",
             "The labels of the test part are right."),
            (f"{contestants[CHOSEN]['error']['mean']:.1%}", "with its knobs chosen on validation",
             f"From {contestants[CHOSEN]['tried']} settings."),
            (f"{contestants[contest['ranking'][0]]['error']['mean']:.1%}", f"the best: {contest['ranking'][0]}",
             f"Of {len(contestants)}, baselines among them."),
        ]
    )  # fmt: skip
    page.note("**What the knobs say.**\n\n" + "\n\n".join(sentences(result)))
    page.text(
        f"The data: `{facts['name']}`, 8 x 8 pixels, licence {facts['licence']}. {facts['pool']:,} images to draw "
        f"training rows from, {facts['validation']:,} to validate on, {facts['test']} to test. Only training labels "
        f"are made wrong, on purpose, so that the truth is known. Everything is done with {result['seeds']} "
        "seeds: other images, other wrong labels, other first weights. Source: " + facts["source"]
    )


def _knob(page: "Page", knob: dict[str, Any], text: str, result: dict[str, Any]) -> None:
    from groundup import plots

    best, names = _best(knob), ("training error", "validation error")
    page.text(text)
    page.figure(
        plots.knob(
            knob["positions"], {name: (_means(knob[name]), _spreads(knob[name])) for name in names}, knob["label"],
            "share of wrong answers", (best, "lowest validation error"),
        ),
        f"Mean over {result['seeds']} seeds; whiskers: one standard deviation. The training error counts the labels "
        f"that the network sees, {result['data']['noise']:.0%} of them wrong.",
        "; ".join(
            f"{position:g} {knob['label']}: " + ", ".join(f"{name} {_means(knob[name])[i]:.1%}" for name in names)
            for i, position in enumerate(knob["positions"])
        ),
    )  # fmt: skip


def _epochs(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    epochs = result["epochs"]
    means = epochs["means"]
    page.text(
        f"{result['base']['hidden']} hidden units, {epochs['epochs']} epochs, no regularisation. The network first "
        "learns what many images share. Then it goes on to single images, the wrongly labelled ones among them, and "
        "its loss on validation rises while the one in training still falls. Stopping early is a regulariser that "
        "costs nothing."
    )
    page.figure(
        plots.learning_curves(
            {
                "training": {"loss": means["training loss"], "share of wrong answers": means["training error"]},
                "validation": {"loss": means["validation loss"], "share of wrong answers": means["validation error"]},
            }
        ),
        f"Mean over {result['seeds']} seeds.",
        f"Curves over {epochs['epochs']} epochs. The validation loss is lowest in epoch "
        f"{int(np.argmin(means['validation loss'])) + 1} ({min(means['validation loss']):.3f}) and ends at "
        f"{means['validation loss'][-1]:.3f}; the training loss ends at {means['training loss'][-1]:.3f}.",
    )


def _variance(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    parts = result["variance"]
    page.text(
        f"The network is trained on {parts['samples']} samples of {result['data']['rows']} images. What all of these "
        "networks get wrong together is bias; what each gets wrong in its own way is variance. The two add up to the "
        "error, exactly. Small networks fail together, large ones each for themselves."
    )
    names = ("error", "bias²", "variance")
    page.figure(
        plots.knob(
            parts["widths"], {name: (parts[name], [0] * len(parts["widths"])) for name in names}, "hidden units",
            "squared error of the probabilities",
        ),
        "Squared distance between the probabilities and the truth, summed over the classes, mean over the validation "
        "images.",
        "; ".join(
            f"{width} hidden units: " + ", ".join(f"{name} {parts[name][i]:.3f}" for name in names)
            for i, width in enumerate(parts["widths"])
        ),
    )  # fmt: skip


def _descent(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    double = result["descent"]
    means = _means(double["validation error"])
    peak = int(means[1:].argmax()) + 1
    page.text(
        "More parameters, more overfitting: that is half of the story. Here p random features are computed once, and "
        "the best linear scores on top of them are found exactly. With about as many features as images there is just "
        f"one solution that fits every label, wrong ones too, and it is wild: {means[peak]:.1%} wrong at "
        f"{double['features'][peak]} features. With {double['features'][-1]:,}, more than ten for each image, there "
        f"are many that fit everything, the smallest is taken, and it errs in {means[-1]:.1%}: every training label is "
        "still learnt by heart."
    )
    curves = {name: (_means(double[name]), _spreads(double[name])) for name in ("training error", "validation error")}
    places = [i for i, p in enumerate(double["features"]) if p == double["rows"]]
    page.figure(
        plots.knob(
            double["features"], curves, "random features", "share of wrong answers",
            (places[0], "as many as images") if places else None,
        ),
        f"{double['rows']} training images. Mean over {result['seeds']} seeds; whiskers: one standard deviation.",
        "; ".join(f"{p} features: validation error {m:.1%}" for p, m in zip(double["features"], means)),
    )  # fmt: skip
    page.figure(
        plots.knob(
            double["features"], {"length of β": (_means(double["length of β"]), [0] * len(means))}, "random features",
            "length of the solution", log=True,
        ),
        "The length of the solution peaks in the same place: that is what 'wild' means.",
        "; ".join(f"{p} features: {v:.3g}" for p, v in zip(double["features"], _means(double["length of β"]))),
    )  # fmt: skip


def _contest(page: "Page", result: dict[str, Any]) -> None:
    contest = result["contest"]
    page.text(
        "Whoever chooses at all has twelve settings, and keeps the one with the lowest error on validation, for each "
        f"seed. Then the {contest['test images']} test images are asked, once."
    )
    order = contest["ranking"]
    page.table(
        ["model", "settings", "test error", "chosen, seed by seed"],
        [
            [name, str(one["tried"]), _error(one), "; ".join(dict.fromkeys(filter(None, one["chosen"]))) or "–"]
            for name, one in ((name, contest["contestants"][name]) for name in order)
        ],
        f"Mean ± standard deviation over {result['seeds']} seeds; in brackets a 95% bootstrap interval over the test "
        "images.",
        best=0,
    )


def _twin(page: "Page", result: dict[str, Any]) -> None:
    twin = result["twin"]
    page.text(
        "Every network of this study was made by hand in NumPy (`groundup.scratch`). Its twin in PyTorch, from the "
        "same first weights, on the same split and the same batches in the same order, in double precision: after "
        f"{twin['steps']:,} steps the largest relative difference of any weight is {twin['weights']:.1e}, of any "
        f"probability {twin['probabilities']:.1e}."
    )
