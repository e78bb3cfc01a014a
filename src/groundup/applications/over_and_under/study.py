"""The whole study, from the split to the test."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from groundup import data
from groundup.applications.model_card import ModelCard
from groundup.applications.over_and_under import contest, descent, knobs, twin, variance
from groundup.applications.over_and_under.sample import NOISE, ROWS, load
from groundup.applications.threads import one_thread

SAMPLES = 15  # for bias and variance

CARD = ModelCard(
    model=(
        "A network with one hidden layer, made by hand in NumPy, its width and regularisation chosen on validation "
        "from twelve settings."
    ),
    data=(
        "digits: 1,797 handwritten digits of 8 x 8 pixels. A fifth of the training labels were made wrong on purpose; "
        "the same 13 writers are in all parts."
    ),
    licence="CC BY 4.0 (UCI Machine Learning Repository)",
    intended_use="To learn from: what each knob does to training and validation error.",
    not_for="Reading digits. It knows 13 writers and a scanner of the 1990s, at 8 x 8 pixels.",
    limits=[
        "New writers: the parts share their writers, so the error on other hands is unknown, and larger.",
        "Noise of another kind: here every wrong label is drawn evenly; real mistakes prefer what looks alike.",
        "Which knob helps most depends on the data. On clean labels or with more images the order may differ.",
    ],
    harm="Nobody by this model. Who takes its error for that of a real reader misjudges forms, cheques or exams.",
)


def run(
    seeds: int = 5,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    turned: Sequence[knobs.Knob] = knobs.KNOBS,
    samples: int = SAMPLES,
) -> dict[str, Any]:
    """Carry out the study and return its results, ready for JSON.

    Parameters
    ----------
    seeds : how often everything is done; each seed draws other images, wrong labels and first weights.
    seed : equal seeds give equal results.
    progress : called with a line of text before each part.
    turned, samples : the knobs, and the resamples for bias and variance; fewer make a quick trial.
    """
    if seeds < 1:
        raise ValueError(f"got seeds={seeds}, expected at least 1")
    say = progress or (lambda text: None)
    digits = load()
    numbers = np.random.SeedSequence(seed).generate_state(seeds).tolist()
    with one_thread():
        measured = []
        for knob in turned:
            say(f"over-and-under: {knob.name}")
            measured.append(knobs.turn(knob, digits, numbers))
        say("over-and-under: epochs")
        epochs = knobs.watch_epochs(digits, numbers)
        say("over-and-under: bias and variance")
        parts = variance.measure(digits, seed, samples, variance.WIDTHS)
        say("over-and-under: double descent")
        double = descent.measure(digits, numbers, descent.FEATURES)
        say("over-and-under: the twin in PyTorch")
        equal = twin.measure(digits, knobs.BASE, numbers[0])
        tested = contest.hold(digits, numbers, say)
    card = data.card("digits")
    return {
        "study": "over-and-under",
        "seeds": seeds,
        "seed": seed,
        "data": {
            "name": card.name, "licence": card.licence, "source": card.source, "citation": card.citation,
            "pool": len(digits.pool), "validation": len(digits.validation), "test": len(digits.test),
            "rows": ROWS, "noise": NOISE,
        },
        "base": asdict(knobs.BASE),
        "knobs": measured,
        "epochs": epochs,
        "variance": parts,
        "descent": double,
        "twin": equal,
        "contest": tested,
        "card": asdict(CARD),
    }  # fmt: skip
