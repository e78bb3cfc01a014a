"""The course of the study: mistakes on validation, choices on validation, then everyone on the test part, once."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from groundup import data
from groundup.applications import metrics
from groundup.applications.noisy_labels import finding
from groundup.applications.reviews import contest, copies, mistakes
from groundup.applications.reviews.card import card
from groundup.applications.reviews.cleaning import clean, count_dirt, words
from groundup.applications.reviews.corpus import Corpus, films, food
from groundup.applications.reviews.learners import NAMES, Learner, telling
from groundup.applications.reviews.networks import LONGEST
from groundup.applications.saved_model import ColumnSeen, SavedModel
from groundup.applications.threads import one_thread
from groundup.console import plain

QUOTED = 280  # letters of a review that is shown
VIEWS: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {
    "cleaned": lambda frame: np.array([clean(text) for text in frame["review"].fillna("")], dtype=object)
}


def run(
    seeds: int = 5,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    corpus: Corpus | None = None,
    second: Corpus | None = None,
) -> dict[str, Any]:
    """Carry out the study and return its results, ready for JSON.

    Parameters
    ----------
    seeds : how often everything is done; each seed divides training from validation anew and draws other first weights.
    seed : equal seeds give equal results.
    progress : called with a line of text now and then.
    corpus : by default the reviews of food; fewer reviews make a quick trial.
    second : by default the sentences about films, if they are at hand.
    """
    if seeds < 1:
        raise ValueError(f"got seeds={seeds}, expected at least 1")
    say = (lambda text: progress(f"reviews: {text}")) if progress else (lambda text: None)
    numbers = np.random.SeedSequence(seed).generate_state(seeds).tolist()
    corpus = corpus or food()
    if second is None and data.is_present("movie-reviews"):
        second = films()
    with one_thread():
        faults = errors(corpus, numbers, say)
        chosen, trials = contest.choose(corpus, corpus.divide(numbers[0]), numbers[0], say)
        competed = contest.compete(corpus, chosen, numbers, say)
        scores = competed.pop("scores")
        result = {
            "study": "reviews",
            "seeds": seeds,
            "seed": seed,
            "names": NAMES,
            "data": facts(corpus, numbers[0]),
            "mistakes": faults,
            "trials": trials,
            "chosen": {kind: learner.setting for kind, learner in chosen.items()},
            "contest": competed,
            "curves": contest.curves(corpus, chosen, numbers, say),
            "noise": contest.noise(corpus, chosen, numbers, say),
            "shown": shown(corpus, chosen, scores[competed["ranking"][0]], numbers[0]),
            "second": other(second, numbers, say) if second else None,
        }
    result["card"] = asdict(card(result))
    return plain(result)


def errors(corpus: Corpus, numbers: Sequence[int], say: Callable[[str], None]) -> dict[str, Any]:
    """Make every mistake with every seed."""
    dirt, torn, copied, rare = [], [], [], []
    for number, seed in enumerate(numbers, start=1):
        say(f"{corpus.name}: mistakes, seed {number} of {len(numbers)}")
        rows = corpus.divide(seed)
        dirt.append(mistakes.dirt(corpus, rows))
        torn.append(mistakes.torn(corpus, rows, seed))
        copied.append(mistakes.copied(corpus, rows, seed))
        rare.append(mistakes.imbalance(corpus, rows, seed))
    return {"dirt": summarise(dirt), "torn": summarise(torn), "copied": summarise(copied), "rare": summarise(rare)}


def summarise(seeds: Sequence[Any]) -> Any:
    """Turn equal trees of numbers, one for each seed, into one tree of summaries over the seeds."""
    first = seeds[0]
    if isinstance(first, dict):
        return {name: summarise([one[name] for one in seeds]) for name in first}
    if isinstance(first, list):
        return [summarise(list(at)) for at in zip(*seeds)]
    return metrics.summary(seeds)


def facts(corpus: Corpus, seed: int) -> dict[str, Any]:
    """Return what is to be known of a collection before anything is learned from it."""
    pairs, described = copies.alike(corpus.texts), data.card(corpus.name)
    apart = (corpus.test[pairs.first] != corpus.test[pairs.second]).sum()
    length = np.array([len(words(text)) for text in corpus.texts])
    rows = corpus.divide(seed)
    return {
        "name": described.name, "licence": described.licence, "source": described.source,
        "citation": described.citation, "unverified": list(data.unverified(corpus.name)),
        "reviews": len(corpus.labels), "unhappy": float(corpus.labels.mean()),
        "parts": {
            name: {"reviews": len(part), "unhappy": float(corpus.labels[part].mean())}
            for name, part in (("train", rows.train), ("validation", rows.validation), ("test", rows.test))
        },
        "left out": int(corpus.left_out.sum()),
        "dirt": count_dirt(corpus.raw.tolist()),
        "words": {"median": float(np.median(length)), "longer": float((length > LONGEST).mean()), "cut": LONGEST},
        "equal": int(pd.Series(corpus.raw).duplicated().sum()),
        "equal when cleaned": int(pd.Series(corpus.texts).duplicated().sum()),
        "pairs": len(pairs.first), "pairs across": int(apart),
        "in groups": int((np.bincount(corpus.group)[corpus.group] > 1).sum()),
        "disagreeing": int((corpus.labels[pairs.first] != corpus.labels[pairs.second]).sum()),
    }  # fmt: skip


def shown(corpus: Corpus, chosen: dict[str, Learner], scores: Sequence[np.ndarray], seed: int) -> dict[str, Any]:
    """Return what a reader should see: the winner's worst mistakes, telling words, labels that look wrong.

    The worst mistakes are the test reviews that the winner put farthest on the wrong side, by their mean rank.
    """
    test, rows = np.flatnonzero(corpus.test), corpus.divide(seed)
    rank = np.mean([np.argsort(np.argsort(one)) for one in scores], axis=0) / len(test)
    wrong = np.where(corpus.labels[test] == 1, 1 - rank, rank)  # how far on the wrong side, 0 to 1
    model = contest.fit(chosen["words"], corpus, rows, seed)
    labels = corpus.labels[rows.train]
    doubt = finding.doubt(contest.chances(corpus.texts[rows.train], labels, seed), labels)
    return {
        "mistakes": [_quote(corpus, test[place], rank[place]) for place in np.argsort(-wrong)[:6].tolist()],
        "words": telling(model),
        "doubtful": [_quote(corpus, rows.train[place], doubt[place]) for place in np.argsort(-doubt)[:4].tolist()],
    }


def _quote(corpus: Corpus, row: Any, number: Any) -> dict[str, Any]:
    text = str(corpus.texts[row])
    cut = text if len(text) <= QUOTED else text[:QUOTED].rsplit(" ", 1)[0] + " ..."
    return {"text": cut, "unhappy": int(corpus.labels[row]), "number": float(number)}


def other(corpus: Corpus, numbers: Sequence[int], say: Callable[[str], None]) -> dict[str, Any]:
    """Do the contest again on another collection, where each contestant has six trials again, and the torn lines."""
    chosen, trials = contest.choose(corpus, corpus.divide(numbers[0]), numbers[0], say)
    competed = contest.compete(corpus, chosen, numbers, say)
    del competed["scores"]
    torn = summarise([mistakes.torn(corpus, corpus.divide(seed), seed) for seed in numbers])
    return {
        "seeds": len(numbers), "data": facts(corpus, numbers[0]), "trials": trials, "contest": competed, "torn": torn,
        "chosen": {kind: learner.setting for kind, learner in chosen.items()},
    }  # fmt: skip


def final_model(result: dict[str, Any], corpus: Corpus | None = None) -> SavedModel:
    """Return the model to keep: of the two linear ones, the better on validation, as the first seed trained it.

    A network is never kept: the linear ones fit into a file that cannot carry code, and answer in no time.
    """
    corpus = corpus or food()
    validation = result["contest"]["validation"]
    kind = max(("words", "characters"), key=lambda name: validation[name]["mean"])
    seed = int(np.random.SeedSequence(result["seed"]).generate_state(1)[0])
    rows = corpus.divide(seed)
    with one_thread():
        model = contest.fit(Learner(kind, result["chosen"][kind]), corpus, rows, seed)
        truth, scores = corpus.labels[rows.validation], model.decision_function(corpus.texts[rows.validation])
        platt = LogisticRegression(C=np.inf).fit(scores[:, None], truth)  # infinite C: no regularisation
    return SavedModel(
        study="reviews", view="cleaned", target="score", event="other", other="great",
        columns=(ColumnSeen("review", number=False, categories=(), missing=False, text=True),),
        preprocessor=model[0], model=model[-1], slope=float(platt.coef_[0, 0]),
        intercept=float(platt.intercept_[0]),
        threshold=metrics.choose_threshold(truth, scores), card=result["card"],
    )  # fmt: skip
