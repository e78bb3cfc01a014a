"""The section of the page about recommending that makes mistakes on purpose, computed from stored results."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groundup.report import Page


def add_mistakes(page: "Page", result: dict[str, Any]) -> None:
    """Say what each mistake pretends, and what is true."""
    found = result["mistakes"]
    page.text(
        "Each of these is made here on purpose. All of them learn from the training part and are scored on "
        "validation: the test is not touched."
    )
    _measure(page, found["measure"], result["top"])
    _sampled(page, found["sampled"], result["models"])
    _split(page, found["split"], found["one_date"], result["models"], result["top"])
    _smaller(page, found["core"], found["future"], result["top"])


def _measure(page: "Page", found: dict[str, Any], top: int) -> None:
    page.section("Guessing stars", level=3)
    rmse, ndcg, few = found["rmse"], found["ndcg"], found["few"]
    better = rmse["embeddings"] < rmse["biases"]
    page.text(
        "Stars are what the file holds, so stars are what is guessed, and the root mean squared error (RMSE) is what "
        f"is reported: {rmse['mean']:.3f} for the mean, {rmse['biases']:.3f} with the means of film and user, "
        f"{rmse['embeddings']:.3f} with embeddings"
        + (", an improvement. " if better else ", no better than the plain means. ")
        + "Then the films with the highest guess are recommended. But the error was measured on films that people "
        "chose to watch, and the list is drawn from all the others: whether someone would watch a film at all was "
        f"never asked. {few['embeddings']:.0%} of the films that the embeddings recommend have fewer than ten ratings, "
        f"of the most rated films, of course, {few['popularity']:.0%}."
    )
    page.table(
        ["ranked by", "RMSE", f"NDCG@{top}", "shown films with fewer than 10 ratings"],
        [
            ["number of ratings", "–", f"{ndcg['popularity']:.3f}", f"{few['popularity']:.0%}"],
            *(
                [name, f"{rmse[key]:.3f}", f"{ndcg[key]:.3f}", f"{few[key]:.0%}"]
                for key, name in (("biases", "mean stars of the film"), ("embeddings", "stars guessed by embeddings"))
            ),
        ],
        "On validation. RMSE: lower is better; that in the row of the film's mean stars uses the user's mean, too, "
        "which changes nobody's order. NDCG: higher is better.",
    )


def _sampled(page: "Page", found: dict[str, Any], models: dict[str, Any]) -> None:
    page.section("A hundred films instead of all", level=3)
    full = sorted(found, key=lambda key: found[key]["full"], reverse=True)
    few = sorted(found, key=lambda key: found[key]["sampled"], reverse=True)
    same = full == few
    page.text(
        "To rank thousands of films for everyone takes time, so each liked film is ranked among a hundred others drawn "
        "at random, and counted as found when it is among the first ten. Nearly all films are known to nearly nobody: "
        "against those, anything popular wins. "
        + (
            "The order of the models stays the same here; it need not."
            if same
            else "And the order changes: "
            + (
                f"{models[full[0]]['name']} stays first, but {sum(a != b for a, b in zip(full, few))} of {len(full)} "
                "places are others."
                if full[0] == few[0]
                else f"against all films {models[full[0]]['name']} is first, against a sample {models[few[0]]['name']}."
            )
        )
        + " (Krichene and Rendle 2020, On sampled metrics for item recommendation, say when it does.)"
    )
    page.table(
        ["model", "found in 10, of all films", "found in 10, of 101 films", "place, all", "place, sample"],
        [
            [
                models[key]["name"], f"{found[key]['full']:.3f}", f"{found[key]['sampled']:.3f}",
                full.index(key) + 1, few.index(key) + 1,
            ]
            for key in full
        ],
        "Recall@10 on validation, mean over people.",
    )  # fmt: skip


def _split(page: "Page", found: dict[str, Any], date: dict[str, Any], models: dict[str, Any], top: int) -> None:
    page.section("A random split", level=3)
    known = found["known"]
    scores = {key: errors for key, errors in found.items() if key != "known"}
    gains = {key: errors["random"] / errors["time"] - 1 for key, errors in scores.items()}
    learned = max((key for key in gains if key != "popularity"), key=lambda key: gains[key])
    page.text(
        "Hide a random fifth of each person's ratings instead of a later one, and the model may use what came after to "
        f"foretell what came before. {models[learned]['name']} seems to gain {gains[learned]:.0%}. "
        + (
            f"But popularity, which remembers nobody, gains {gains['popularity']:.0%} as well: most of it is no "
            "memory, the question has become easier."
            if gains["popularity"] > 0.5 * gains[learned]
            else f"Popularity, which remembers nobody, gains {gains['popularity']:.0%}: the rest is memory."
        )
        + f" The films to be found have {known['random']:.0f} ratings on average where they are drawn at random, and "
        f"{known['time']:.0f} where they are the later ones"
        + (
            ": people rate what everybody knows first."
            if known["random"] > 1.1 * known["time"]
            else "; so it is not that better known films are asked for, and these data do not say what else it is."
        )
    )
    page.table(
        ["model", f"NDCG@{top}, random", f"NDCG@{top}, by time", "pretended"],
        [[models[k]["name"], f"{e['random']:.3f}", f"{e['time']:.3f}", f"{gains[k]:+.1%}"] for k, e in scores.items()],
        "The same learners with the same settings; both splits have the same shares of each person's ratings.",
    )
    page.text(
        "What is done here is not the strictest split either. Each person's own time is cut, so the model knows what "
        f"others did later. One date for all, after 80% of the ratings ({date['year']:.0f}), would be stricter, but "
        f"{date['new_users']:.0%} of what follows is by people unknown until then: {date['both_known']} people "
        f"would be left to test on. {date['new_films']:.0%} of it is about films without a rating until then."
    )


def _smaller(page: "Page", core: dict[str, Any], future: dict[str, float], top: int) -> None:
    page.section("A smaller world, and a popularity that knows", level=3)
    page.text(
        "Two habits that seem harmless. Films with few ratings are dropped before anything else: "
        f"{core['films']:,} films stay, with {core['likes_kept']:.0%} of the likes to be found, and NDCG@{top} of the "
        f"linear model goes from {core['linear']['all']:.3f} to {core['linear']['core']:.3f}, that of popularity from "
        f"{core['popularity']['all']:.3f} to {core['popularity']['core']:.3f}; the films that were dropped are those "
        "that need a recommendation. And popularity is counted on the whole file before the split: "
        f"{future['everything']:.3f} instead of {future['past']:.3f}, for it has counted the likes to be foretold."
    )
