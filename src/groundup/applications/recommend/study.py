"""Carry out the study of recommending: all that its page says is in the results that this module returns."""

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from groundup import data
from groundup.applications import metrics
from groundup.applications.intervals import Interval, bootstrap
from groundup.applications.model_card import ModelCard
from groundup.applications.recommend import cold, mistakes
from groundup.applications.recommend.candidates import CANDIDATES, Choice, choose
from groundup.applications.recommend.ranking import TOP, lists, per_user, ranks
from groundup.applications.recommend.ratings import LIKED, Parts, Ratings, by_time, from_frame
from groundup.applications.threads import one_thread

LENGTHS = (1, 2, 5, 10, 20, 50, 100)
HEAD = 0.01  # the most rated films, as a share of all


def run(
    seeds: int = 5,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    frame: pd.DataFrame | None = None,
    epochs: int | None = None,
) -> dict[str, Any]:
    """Carry out the study and return its results, ready for JSON.

    Parameters
    ----------
    seeds : how many times the embeddings are trained, each time from other weights and batches.
    seed : equal seeds give equal results.
    progress : called with a line of text now and then.
    frame : the data, by default ``movielens``.
    epochs : of every embedding, in place of the settings' own: few make a quick trial.
    """
    if seeds < 1:
        raise ValueError(f"got seeds={seeds}, expected at least 1")
    say = progress or (lambda text: None)
    ratings = from_frame(data.load("movielens") if frame is None else frame)
    drawn = np.random.SeedSequence(seed).generate_state(seeds).tolist()
    parts = by_time(ratings, seed)
    with one_thread():
        choices = {}
        for key, candidate in CANDIDATES.items():
            say(f"recommend: choosing the settings of {candidate.name}")
            choices[key] = choose(candidate, ratings, parts, drawn[0], epochs)
        say("recommend: making the mistakes")
        made = _mistakes(ratings, parts, choices, drawn[0], epochs)
        tested = _test(ratings, parts, choices, drawn, epochs, say)
        say("recommend: newcomers")
        new = cold.newcomers(ratings, parts, choices, drawn[0], epochs)
    result = {
        "study": "recommend", "seeds": seeds, "seed": seed, "top": TOP, "liked": LIKED,
        "data": _facts(ratings, parts), "mistakes": made, "newcomers": new, **tested,
    }  # fmt: skip
    return result | {"card": asdict(_card(result))}


def _mistakes(
    ratings: Ratings, parts: Parts, choices: dict[str, Choice], seed: int, epochs: int | None
) -> dict[str, Any]:
    scores = {}
    for key in ("popularity", "neighbours", "linear", "pairs", "softmax", "history"):
        candidate = CANDIDATES[key]
        model = candidate.fitted(ratings, parts.train, seed, epochs, choices[key].setting)
        scores[key] = model.scores(candidate.history(ratings, parts.train))
    return {
        "measure": mistakes.wrong_measure(ratings, parts, choices["stars"], seed, epochs),
        "sampled": mistakes.sampled_negatives(scores, ratings, parts, seed),
        "split": mistakes.random_split(ratings, parts, choices, seed),
        "core": mistakes.dense_core(ratings, parts, choices),
        "future": mistakes.known_future(ratings, parts),
        "one_date": mistakes.one_date(ratings),
    }


def _test(
    ratings: Ratings, parts: Parts, choices: dict[str, Choice], seeds: list[int], epochs: int | None, say: Callable
) -> dict[str, Any]:
    """Fit every candidate on all that lies before the test, with the setting chosen, and measure its lists."""
    rows = parts.before_test
    hidden, liked = ratings.seen(rows), ratings.liked(parts.test)
    third, head = cold.thirds(ratings, parts), max(1, round(HEAD * ratings.films))
    models, ndcg, first_lists = {}, {}, {}
    for key, candidate in CANDIDATES.items():
        measured, users = [], []
        for number, seed in enumerate(seeds if candidate.seeded else seeds[:1]):
            say(f"recommend: testing {candidate.name}, {number + 1}")
            model = candidate.fitted(ratings, rows, seed, epochs, choices[key].setting)
            place = ranks(model.scores(candidate.history(ratings, rows)), hidden)
            each = per_user(place, liked)
            users.append(each["ndcg"])
            measured.append(
                {name: float(np.nanmean(values)) for name, values in each.items()}
                | mistakes.list_bias(ratings, rows, place, head)
                | {f"recall_{k}": float(np.nanmean(per_user(place, liked, k)["recall"])) for k in LENGTHS}
                | dict(zip(("head_found", "middle_found", "tail_found", "unknown_found"),
                           cold.by_popularity(third, place, liked)))
            )  # fmt: skip
            if not number:
                first_lists[key] = lists(place)
        ndcg[key] = np.mean(users, axis=0)
        models[key] = {
            "name": candidate.name,
            "role": candidate.role,
            "setting": re.sub(r"[{}']", "", str(choices[key].setting)),
            "validation": choices[key].score,
            "metrics": {name: metrics.summary([one[name] for one in measured]) for name in measured[0]},
            "interval": bootstrap(np.mean, ndcg[key][~np.isnan(ndcg[key])]),
        }
    found = verdict(models, lambda first, second: _lead(ndcg[first] - ndcg[second]))
    shown = dict.fromkeys([found["ranking"][0], found["best_embedding"], "neighbours", "popularity"])
    return {
        "models": models,
        "verdict": found,
        "lengths": list(LENGTHS),
        "history": cold.by_history(ratings, parts, {key: ndcg[key] for key in shown}),
        "example": _example(ratings, parts, first_lists, found["ranking"][0]),
        "liked_head": _share_of_head(ratings, parts, head),
        "head": head,
    }


def verdict(models: dict[str, Any], lead: Callable[[str, str], Interval]) -> dict[str, Any]:
    """Rank the contestants by NDCG; ``lead`` gives the difference of two, with interval: above 0 the first leads."""
    contestants = [key for key, model in models.items() if model["role"] == "contestant"]
    ranked = sorted(contestants, key=lambda key: models[key]["metrics"]["ndcg"]["mean"], reverse=True)
    embedding = next(key for key in ranked if CANDIDATES[key].seeded)
    other = next(key for key in ranked if not CANDIDATES[key].seeded)
    return {
        "ranking": ranked,
        "on_validation": sorted(contestants, key=lambda key: models[key]["validation"], reverse=True),
        "over_second": lead(ranked[0], ranked[1]),
        "over_popularity": lead(ranked[0], "popularity"),
        "over_seen": lead("linear", "linear_seen"),
        "best_embedding": embedding,
        "best_other": other,
        "embedding_gap": lead(embedding, other),
        "embedding_over_popularity": lead(embedding, "popularity"),
        "embedding_over_neighbours": lead(embedding, "neighbours"),
        "stars_gap": lead("stars", "popularity"),
    }


def _lead(gap: np.ndarray) -> Interval:
    return bootstrap(np.mean, gap[~np.isnan(gap)])


def _share_of_head(ratings: Ratings, parts: Parts, head: int) -> float:
    """Which share of the likes of the test is of the most rated films: what a list without a lean would show."""
    count = np.asarray(ratings.seen(parts.before_test).sum(axis=0))
    top = np.argsort(-count, kind="stable")[:head]
    return float(np.isin(ratings.film[parts.test[ratings.stars[parts.test] >= LIKED]], top).mean())


def _facts(ratings: Ratings, parts: Parts) -> dict[str, Any]:
    card = data.card("movielens")
    count = np.sort(np.bincount(ratings.film, minlength=ratings.films))[::-1]
    per_person = np.bincount(ratings.user)
    share = np.cumsum(count) / count.sum()
    liked_test = parts.test[ratings.stars[parts.test] >= LIKED]
    known = np.isin(ratings.film[liked_test], ratings.film[parts.before_test])
    spans = [np.ptp(ratings.time[ratings.user == user]) for user in range(ratings.users)]
    return {
        "name": card.name, "licence": card.licence, "source": card.source, "citation": card.citation,
        "ratings": len(ratings.user), "users": ratings.users, "films": ratings.films,
        "first": str(np.datetime64(int(ratings.time.min()), "s"))[:10],
        "last": str(np.datetime64(int(ratings.time.max()), "s"))[:10],
        "filled": len(ratings.user) / (ratings.users * ratings.films),
        "rated_once": int((count == 1).sum()), "fewer_than_five": int((count < 5).sum()),
        "half_of_ratings": int(np.searchsorted(share, 0.5) + 1),
        "median_ratings": float(np.median(per_person)), "most_ratings": int(per_person.max()),
        "one_day": float(np.mean(np.array(spans) < 24 * 3600)),
        "liked_share": float((ratings.stars >= LIKED).mean()),
        "parts": {"train": len(parts.train), "validation": len(parts.validation), "test": len(parts.test)},
        "test_likes": len(liked_test), "test_users": len(np.unique(ratings.user[liked_test])),
        "unknown_likes": float(1 - known.mean()),
        "long_tail": {
            "films": [float(x) for x in np.linspace(0, 1, 41)],
            "ratings": [0.0, *(float(share[max(0, round(x * len(share)) - 1)]) for x in np.linspace(0, 1, 41)[1:])],
        },
    }  # fmt: skip


def _example(ratings: Ratings, parts: Parts, shown: dict[str, np.ndarray], winner: str) -> dict[str, Any]:
    """The lists of one user, the first with an ordinary number of liked films: nobody was picked for a good list."""
    rows = parts.before_test[ratings.stars[parts.before_test] >= LIKED]
    count = np.bincount(ratings.user[rows], minlength=ratings.users)
    user = int(np.argmax(count >= np.median(count)))
    own = rows[ratings.user[rows] == user]
    last = own[np.argsort(ratings.time[own], kind="stable")][-5:]
    later = set(ratings.film[parts.test[(ratings.user[parts.test] == user) & (ratings.stars[parts.test] >= LIKED)]])
    return {
        "liked_before": len(own),
        "liked_later": len(later),
        "last": [ratings.titles[film] for film in ratings.film[last]],
        "winner": winner,
        "lists": {
            key: [[ratings.titles[film], bool(film in later)] for film in shown[key][user][:8]]
            for key in dict.fromkeys([winner, "popularity", "stars"])
        },
    }


def _card(result: dict[str, Any]) -> ModelCard:
    facts, models = result["data"], result["models"]
    key = result["verdict"]["ranking"][0]
    winner = models[key]["metrics"]
    return ModelCard(
        model=(
            f"{models[key]['name']} ({models[key]['setting'] or 'no settings'}), chosen by NDCG@{result['top']} on "
            "validation, before the test. It orders all films that a user has not rated."
        ),
        data=(
            f"`{facts['name']}`: {facts['ratings']:,} ratings by {facts['users']} people, {facts['first']} to "
            f"{facts['last']}. People who chose to rate films on one web site, most of them on a single day; whom they "
            f"stand for nobody knows. {facts['citation']}"
        ),
        licence=f"{facts['licence']}; {facts['source']}. Not for commercial use without permission.",
        intended_use="To learn how recommenders are built and measured.",
        not_for=(
            "A shop or a cinema: the terms do not allow it, and the films end in 2016. Nor for telling what a person "
            "is like: a list of films seen says more about a person than it seems, and was not given for that."
        ),
        limits=(
            f"{facts['unknown_likes']:.1%} of the films that people went on to like had no rating before: it can't "
            "find one of them.",
            f"Of the likes among the least known films it finds {winner['tail_found']['mean']:.1%}, of those among the "
            f"best known {winner['head_found']['mean']:.1%}.",
            "What was recommended was not tried on anyone: the test asks whether it foretells what people found by "
            "themselves, not whether they would have been glad of it.",
            "Films that someone did not rate count as not liked, though most of them were only never met.",
        ),
        harm=(
            "Makers of films that few know yet, who stay unknown if lists repeat what is popular; and people with "
            "unusual tastes or short histories, who are served the taste of the others. The lists are least useful "
            "to those of whom least is known."
        ),
    )
