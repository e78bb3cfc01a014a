"""What the study of recommending says: its verdict and its page, computed from stored results. No data comes in here.

The sections about the mistakes are in `report_mistakes`.
"""

from typing import TYPE_CHECKING, Any

from groundup.applications.model_card import add_card
from groundup.applications.recommend.report_mistakes import add_mistakes

if TYPE_CHECKING:
    from rich.table import Table

    from groundup.report import Page


def sentences(result: dict[str, Any]) -> list[str]:
    """Say in plain words what the numbers mean; every word that judges follows from a number."""
    models, found, top = result["models"], result["verdict"], result["top"]
    winner, second = found["ranking"][:2]
    low, high = models[winner]["interval"][1:]
    said = [
        f"Best at ranking the films: {models[winner]['name']}, with an NDCG@{top} of {_spread(models, winner, 'ndcg')} "
        f"[{low:.3f}, {high:.3f}]; popularity has {_mean(models, 'popularity', 'ndcg'):.3f}."
    ]
    other, gap = f"{models[second]['name']} ({_spread(models, second, 'ndcg')})", found["over_second"]
    if clear(gap):
        said.append(f"Its lead over {other} is clear: {interval(gap)}.")
    else:
        said.append(f"But call it a tie with {other}: the difference is {interval(gap)}, and the interval holds 0.")
    if not clear(found["over_popularity"]):
        said.append(f"Nor is it clearly better than the most popular films: {interval(found['over_popularity'])}.")
    embedding, rest = found["best_embedding"], found["best_other"]
    against = (
        f"the best embeddings ({models[embedding]['name']}) against the best without gradient descent "
        f"({models[rest]['name']}): {interval(found['embedding_gap'])}"
    )
    if not clear(found["embedding_gap"]):
        said.append(f"Embeddings are not needed here, nor do they harm: {against}.")
    elif found["embedding_gap"][0] > 0:
        said.append(f"Embeddings earn their keep: {against}.")
    else:
        said.append(f"Embeddings do not come first: {against}.")
    stars = result["mistakes"]["measure"]["rmse"]
    if clear(found["stars_gap"]) and found["stars_gap"][0] < 0:
        said.append(
            f"The model that guesses stars, with an RMSE of {stars['embeddings']:.3f} against {stars['mean']:.3f} for "
            f"the mean, ranks worse than popularity ({interval(found['stars_gap'])}): another question was asked."
        )
    recall = _mean(models, winner, "recall")
    said.append(
        f"The winner's list of {top} holds {recall:.0%} of the films that its reader went on to like (of at most "
        f"{top}): useful, and far from knowing people."
    )
    return said


def summary(result: dict[str, Any]) -> "Table":
    """Return the comparison as a table for the terminal."""
    from rich.table import Table

    models = result["models"]
    table = Table(box=None, header_style="bold")
    table.add_column("model", no_wrap=True)
    for header in (f"NDCG@{result['top']}", f"recall@{result['top']}", "MRR", "films"):
        table.add_column(header, justify="right", no_wrap=True)
    for key, model in models.items():
        row = [_spread(models, key, "ndcg"), *(f"{_mean(models, key, measure):.3f}" for measure in ("recall", "mrr"))]
        style = "bold" if key == result["verdict"]["ranking"][0] else ""
        table.add_row(model["name"], *row, f"{_mean(models, key, 'shown'):,.0f}", style=style)
    return table


def add_to(page: "Page", result: dict[str, Any], alone: bool = False) -> "Page":
    """Add the study to a page; every number and figure is one of ``result``.

    By default it is one section with subsections; ``alone``, for a page about nothing else, its parts are sections.
    """
    level = 2 if alone else 3
    if not alone:
        page.section("What to watch next?")
    _opening(page, result)
    page.section("The data, and what is wrong with them", level=level)
    _data(page, result["data"])
    page.section("What makes a recommender look better than it is", level=level)
    add_mistakes(page, result)
    page.section("The comparison", level=level)
    _comparison(page, result)
    page.section("Popularity bias", level=level)
    _bias(page, result)
    page.section("Cold start", level=level)
    _cold(page, result)
    page.section("One person's lists", level=level)
    _example(page, result)
    return add_card(page, result["card"])


def _opening(page: "Page", result: dict[str, Any]) -> None:
    models, facts, top = result["models"], result["data"], result["top"]
    winner = result["verdict"]["ranking"][0]
    sampled = result["mistakes"]["sampled"]
    best_sampled = max(sampled, key=lambda key: sampled[key]["sampled"])
    page.text(
        f"{facts['users']} people rated {facts['films']:,} films, {facts['ratings']:,} ratings in all: "
        f"{1 - facts['filled']:.1%} of the table is empty. Which films will someone go on to like? Everything about "
        "the question invites a wrong measure: the stars that are there, instead of the films that are not; a random "
        "split, instead of time; a hundred films to choose from, instead of all."
    )
    page.numbers(
        [
            (
                f"{_mean(models, winner, 'ndcg'):.3f}",
                f"NDCG@{top}, {models[winner]['name']}",
                f"Popularity: {_mean(models, 'popularity', 'ndcg'):.3f}. Chance: "
                f"{_mean(models, 'chance', 'ndcg'):.3f}.",
            ),
            (
                f"{_mean(models, 'stars', 'ndcg'):.3f}",
                "the same, for embeddings that guess stars",
                f"Their RMSE is {result['mistakes']['measure']['rmse']['embeddings']:.3f}: another question.",
            ),
            (
                f"{sampled[best_sampled]['sampled']:.0%}",
                "hit rate among 100 sampled films",
                f"The same lists, against all films: {sampled[best_sampled]['full']:.0%}.",
            ),
            (
                f"{facts['unknown_likes']:.1%}",
                "of the films to be found had no rating before",
                "No model here can find one of them.",
            ),
        ]
    )
    first, *others = sentences(result)
    page.note(f"**The verdict.** {first}\n\n{' '.join(others)}")


def _data(page: "Page", facts: dict[str, Any]) -> None:
    from groundup import plots

    page.text(
        f"`{facts['name']}`: {facts['ratings']:,} ratings, {facts['first']} to {facts['last']}. Licence: "
        f"{facts['licence']}. Source: {facts['source']}"
    )
    page.points(
        [
            "**What is missing is not missing at random.** People rate what they chose to watch. An empty cell is not "
            "a dislike and not an average: as a rule the film was never met.",
            f"**A long tail.** {facts['half_of_ratings']} films ({facts['half_of_ratings'] / facts['films']:.1%}) have "
            f"half of all ratings; {facts['rated_once']:,} have a single one, {facts['fewer_than_five']:,} fewer than "
            "five.",
            f"**Most people came once.** {facts['one_day']:.0%} gave all their ratings within a day, so the order of "
            "one person's ratings is partly that of the pages on which the site showed them films.",
            f"**A few people rate a lot.** The median is {facts['median_ratings']:.0f} ratings, the most "
            f"{facts['most_ratings']:,}. Measures are averaged over people here, not over ratings.",
            f"**Stars are relative.** {facts['liked_share']:.0%} of the ratings have four stars or more: what counts "
            "as liked here is a decision.",
            "**Not everybody is here.** The publisher kept only people with at least twenty ratings: of newcomers, "
            "the data know nothing but the beginnings of those who stayed.",
        ]
    )
    tail = facts["long_tail"]
    page.figure(
        plots.lines(
            {"films, from the most rated": ([100 * x for x in tail["films"]], [100 * y for y in tail["ratings"]])},
            "films, % from the most rated on",
            "their share of all ratings, %",
        ),
        "The long tail.",
        f"Curve of the share of ratings over the share of films: {facts['half_of_ratings']} of {facts['films']:,} "
        "films reach one half.",
    )


def _comparison(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    models, facts, top, found = result["models"], result["data"], result["top"], result["verdict"]
    parts = facts["parts"]
    page.points(
        [
            f"**Split first, by time.** Of each person's ratings the first 60% train ({parts['train']:,}), the next "
            f"20% choose ({parts['validation']:,}), the last 20% test ({parts['test']:,}), used once, after every "
            "choice. For the test each learner is fitted anew on all that came before it.",
            f"**All films.** A list orders every film that the person has not rated, {facts['films']:,} less a few. "
            f"To be found: the {facts['test_likes']:,} films with {result['liked']:.0f} stars or more in the test of "
            f"{facts['test_users']} people.",
            "**Equal budgets.** Each learner tries three settings and keeps the one with the best NDCG on validation.",
            f"**Several seeds.** Embeddings: {result['seeds']}, mean ± standard deviation. The others do not depend "
            "on chance.",
            "**Intervals over people.** A person's films are no independent evidence: the bootstrap draws people.",
            "**Liked, not seen.** The learners are told what was liked. One is also shown with all that was seen, "
            f"good or bad: the difference is {interval(found['over_seen'])} in favour of likes."
            if found["over_seen"][0] > 0
            else "**Liked, not seen.** The learners are told what was liked; one is also shown with all that was seen.",
        ]
    )
    rows = []
    for key, model in models.items():
        low, high = model["interval"][1:]
        shown = [_spread(models, key, measure) for measure in ("recall", "mrr")]
        ndcg = [_spread(models, key, "ndcg"), f"[{low:.3f},\u00a0{high:.3f}]"]
        rows.append([model["name"], *ndcg, *shown, model["setting"] or "–"])
    page.table(
        ["model", f"NDCG@{top}", "95% interval", f"recall@{top}", "MRR", "setting"],
        rows,
        f"Test, higher is better, all films as negatives; ± is the standard deviation over {result['seeds']} seeds. "
        f"NDCG@{top}: liked films in the list, counted less the lower they stand, divided by the best possible; the "
        f"models are ranked by it. Recall@{top}: the share of the liked films in the list, of at most {top}. MRR: the "
        "mean of 1 / the place of the first liked film.",
        best=list(models).index(found["ranking"][0]),
    )
    shown = [key for key in models if key not in ("chance", "linear_seen")]
    curves = {
        models[key]["name"]: (result["lengths"], [_mean(models, key, f"recall_{k}") for k in result["lengths"]])
        for key in dict.fromkeys([found["ranking"][0], found["best_embedding"], "neighbours", "popularity", "stars"])
    }
    longest = result["lengths"][-1]
    page.figure(
        plots.lines(curves, "length of the list", "recall"),
        "Recall over the length of the list, of at most as many films as the list is long.",
        f"Line chart, recall at {longest}: "
        + ", ".join(f"{models[k]['name']} {_mean(models, k, f'recall_{longest}'):.2f}" for k in shown)
        + ".",
    )
    best = found["on_validation"][0]
    page.text(
        f"Would validation have named the same winner? {'Yes' if best == found['ranking'][0] else 'No'}: there, "
        f"{models[best]['name']} was best with {models[best]['validation']:.3f}. The best embeddings against "
        f"popularity: {interval(found['embedding_over_popularity'])}; against item neighbours: "
        f"{interval(found['embedding_over_neighbours'])}."
    )


def _bias(page: "Page", result: dict[str, Any]) -> None:
    models, top = result["models"], result["top"]
    page.text(
        f"What a list shows gets watched, and rated, and shown again. Of the films that people went on to like, "
        f"{result['liked_head']:.0%} are among the {result['head']} most rated (one in a hundred). Lists lean further: "
        "the table says how far, and what becomes of the rest of the catalogue."
    )
    page.table(
        ["model", "most rated 1%", "films shown", "ratings of a film shown", "found: head", "middle", "tail"],
        [
            [
                model["name"],
                f"{_mean(models, key, 'head'):.0%}",
                f"{_mean(models, key, 'shown'):,.0f}",
                f"{_mean(models, key, 'popularity'):.0f}",
                *(f"{_mean(models, key, f'{part}_found'):.1%}" for part in ("head", "middle", "tail")),
            ]
            for key, model in models.items()
        ],
        f"Lists of {top}. Most rated 1%: their share of the places. Films shown: how many different ones, to anyone. "
        "Ratings: mean number before the test. Found: the share of liked films that are in the list, by how well known "
        "they are; head, middle and tail have a third of the likes each.",
    )
    tail = {key: _mean(models, key, "tail_found") for key in models}
    best = max(tail, key=lambda key: tail[key])
    page.text(
        ("In the tail next to nothing is found: " if tail[best] < 0.05 else "In the tail, ")
        + f"{models[best]['name']} finds most, {tail[best]:.1%}. Popularity finds {tail['popularity']:.1%} "
        f"there and {_mean(models, 'popularity', 'head_found'):.1%} in the head: the mean over all hides whom it "
        "serves."
    )


def _cold(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    models, new, top = result["models"], result["newcomers"], result["top"]
    names = list(result["history"][0]["ndcg"])
    page.text(
        "**Little known.** The same test, by how many films someone had liked before it. People with long histories "
        "also have more films to be found, which makes hits more likely: compare along the rows, not down the columns."
    )
    page.table(
        ["liked before", "people", *(models[key]["name"] for key in names)],
        [
            [
                f"{row['low']} to {row['high']}" if row["high"] is not None else f"more than {row['low'] - 1}",
                row["users"],
                *(f"{row['ndcg'][key]:.3f}" for key in names),
            ]
            for row in result["history"]
        ],
        f"NDCG@{top} on the test.",
    )
    from_one = {key: values[1] - values[0] for key, values in new["ndcg"].items()}
    page.text(
        "**Not known at all.** A model with a vector for each user has none for a newcomer. The others can be asked at "
        "once: a fifth of the people is hidden from training, five times, and the model is told the first few "
        "films that they liked."
    )
    page.figure(
        plots.lines(
            {models[key]["name"]: (new["known"], values) for key, values in new["ndcg"].items()},
            "liked films that the model is told",
            f"NDCG@{top}",
        ),
        "Newcomers: what each further film is worth. Popularity needs none. Those who liked fewer films than that are "
        "told all they have.",
        "Line chart, NDCG for newcomers: "
        + "; ".join(
            f"{models[key]['name']} " + ", ".join(f"{value:.3f} with {n}" for n, value in zip(new["known"], values))
            for key, values in new["ndcg"].items()
        )
        + ".",
    )
    linear, popular = new["ndcg"]["linear"], new["ndcg"]["popularity"][0]
    enough = next((n for n, value in zip(new["known"], linear) if value > popular), None)
    page.text(
        (
            f"With no film known, the linear model has no opinion ({linear[0]:.3f}, chance). "
            + (
                f"From {enough} liked film{'s' if enough != 1 else ''} on it is ahead of popularity."
                if enough is not None
                else "Popularity stays ahead of it."
            )
        )
        + f" The embeddings of the history start from what all like ({new['ndcg']['history'][0]:.3f} against "
        f"{popular:.3f} for popularity) and gain {from_one['history']:+.3f} by the first film.".replace("-", "−")
    )


def _example(page: "Page", result: dict[str, Any]) -> None:
    models, example = result["models"], result["example"]
    page.text(
        f"The first person in the file with at least the usual number of liked films ({example['liked_before']}), not "
        f"picked for a good list. Last liked: {'; '.join(example['last'])}. Went on to like {example['liked_later']}; "
        "those are set in capitals."
    )
    lists = example["lists"]
    length = min(len(films) for films in lists.values())
    page.table(
        ["place", *(models[key]["name"] for key in lists)],
        [
            [
                f"{place + 1}.",
                *(films[place][0].upper() if films[place][1] else films[place][0] for films in lists.values()),
            ]
            for place in range(length)
        ],
        "The first eight of each list.",
    )


def clear(gap: list[float]) -> bool:
    """Whether the interval of a difference leaves out 0."""
    return gap[1] > 0 or gap[2] < 0


def interval(gap: list[float]) -> str:
    """A difference with its interval, and real minus signs."""
    value, low, high = gap
    return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]".replace("-", "−")


def _mean(models: dict[str, Any], key: str, measure: str) -> Any:
    return models[key]["metrics"][measure]["mean"]


def _spread(models: dict[str, Any], key: str, measure: str) -> str:
    found = models[key]["metrics"][measure]
    return f"{found['mean']:.3f}" + ("" if found["std"] is None else f" ± {found['std']:.3f}")
