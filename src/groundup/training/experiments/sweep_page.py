"""The page of a sweep: what was found, how sure that is, how the search went, and which choices matter."""

from typing import Any

from groundup.report import Page
from groundup.training.comparing import short_name
from groundup.training.experiments import pictures
from groundup.training.experiments.files import Choice, Range, SweepConfig
from groundup.training.experiments.outcome import CHANCE, ENOUGH, RESAMPLES
from groundup.training.run_page import chosen, in_words, not_original, write_number

SHOWN = 30  # rows of the table of trials


def build(outcome: dict[str, Any], config: SweepConfig, sizes: dict[str, int], file: str) -> Page:
    """Return the page of what :func:`groundup.training.experiments.outcome.outcome` returned.

    Parameters
    ----------
    sizes : how many rows the training and the validation split have.
    file : the file of the sweep, for the commands on the page.
    """
    trials, counts, metric = outcome["trials"], outcome["counts"], outcome["metric"]
    best = trials[outcome["best"]] if outcome["best"] is not None else None
    label = f"validation {in_words(metric)}"
    epochs = sum(len(trial["curve"]) for trial in trials)
    page = Page(
        f"A search with {config.base.model} on {config.base.data}",
        f"{sum(counts.values())} trials over {len(config.space)} choices. Only validation was looked at to choose.",
    )
    page.numbers(
        [
            *([(write_number(metric, best["score"]), label, f"of the best, trial {best['number']}")] if best else []),
            (str(counts["complete"]), "trials complete", ""),
            (str(counts["pruned"]), "pruned", f"ended early; {epochs} epochs in all"),
            *[(str(counts[state]), state, "") for state in ("diverged", "failed", "running") if counts[state]],
        ]
    )
    if outcome["unverified"]:
        page.note(not_original(str(config.base.data), outcome["unverified"]))
    if best:
        _add_best(page, outcome, best, config, sizes)
    scored = [trial for trial in trials if trial["score"] is not None]
    if scored:
        page.section(
            "How the search went",
            f"The first {config.search.startup} trials were drawn at random. From then on the search drew where good "
            "trials lie close together and bad ones do not (TPE, the tree-structured Parzen estimator): it looks more "
            "often near what went well, and now and then elsewhere.",
        )
        found = f"The best has {write_number(metric, best['score'])}." if best else "None is complete so far."
        page.figure(
            pictures.history(scored, outcome["good"], label),
            f"The best score of each trial, and the best of the complete ones so far.{_beyond(outcome)}",
            f"Scores of {len(scored)} trials in their order. {found}",
        )
        early = (
            f"From epoch {config.search.prune_from} on, a trial is pruned when its best score so far is worse than the "
            "median of the complete ones at that epoch: the time goes to trials that promise more."
            if config.search.prune_from
            else "No trial is pruned in this search."
        )
        page.figure(
            pictures.curves(scored, outcome["best"], outcome["good"], label),
            f"A line a trial. {early}",
            f"Validation curves of {len(scored)} trials; {counts['pruned']} were pruned.",
        )
        page.section(
            "Choice by choice",
            "Each trial appears once in every panel. Where the good ones gather, a choice matters; a cloud without "
            "shape says that it does not, or that it depends on the others.",
        )
        page.figure(
            pictures.slices(
                scored,
                {name: _axis(parameter) for name, parameter in config.space.items()},
                outcome["best"],
                outcome["good"],
                label,
            ),
            "The star is the best trial; crosses were pruned, or diverged.",
            f"{label} over each of {', '.join(config.space)}.",
        )
        _add_importance(page, outcome)
    headers, rows = table(outcome)
    page.section("The trials", "The best first." + " All are in `results.json`." * (len(rows) > SHOWN))
    page.table(headers, rows[:SHOWN], best=0 if best else None)
    reasons = [f"Trial {trial['number']}: {trial['reason']}" for trial in trials if trial["reason"]]
    if reasons:
        page.text("Why some came to nothing:")
        page.points(reasons[:SHOWN])
    page.section("To go on")
    page.text("More trials, in the same study; the number is the total:")
    page.code(f"groundup sweep {file} --trials {2 * sum(counts.values())}")
    if best:
        page.text("The best choices once more, with another seed, and whether they were luck:")
        page.code(f"groundup train --config {best['folder']} --seed 1")
        page.text("The test split, once, when all choosing is over:")
        page.code(f"groundup sweep {file} --trials {sum(counts.values())} --test")
    return page


def _add_best(
    page: Page, outcome: dict[str, Any], best: dict[str, Any], config: SweepConfig, sizes: dict[str, int]
) -> None:
    metric = outcome["metric"]
    page.section("What was found")
    page.table(["choice", "value"], [[name, write_choice(value)] for name, value in best["choices"].items()])
    same = {name: str(value) for name, value in chosen(config.base).items() if name not in _dashed(config.space)}
    page.text("The same in all trials: " + ", ".join(f"`{name} {value}`" for name, value in same.items()) + ".")
    rows, complete = sizes["validation"], [trial for trial in outcome["trials"] if trial["state"] == "complete"]
    words = (
        f"**The best of many is partly the luckiest.** Its score was picked as the best of {len(complete)}, so it "
        "promises more than it will hold."
    )
    if "accuracy" in metric:
        error = (best["score"] * (1 - best["score"]) / rows) ** 0.5
        near = sum(best["score"] - trial["score"] <= error for trial in complete) - 1
        words += (
            f" And {rows:,} validation examples measure an accuracy no better than to ± {error:.2%} (one standard "
            f"error): {near} other trial{'s lie' if near != 1 else ' lies'} within that of the best."
        )
    words += " Whether a choice is really better, several seeds tell: `groundup ablate`."
    page.note(words)
    test = outcome.get("test")
    if test:
        page.text(
            f"**On the test split**, looked at once after the search: "
            f"{', '.join(f'{in_words(name)} {write_number(name, value)}' for name, value in test['metrics'].items())} "
            f"(trial {test['number']})."
        )


def _add_importance(page: Page, outcome: dict[str, Any]) -> None:
    shares = outcome["importance"]
    page.section("Which choices matter")
    if not shares:
        page.text(
            f"Too early to say: that takes {ENOUGH} complete trials with different scores, and there are "
            f"{outcome['counts']['complete']} complete ones."
        )
        return
    page.text(
        "How much of the differences between the complete trials does a choice explain by itself, whatever the others "
        "are? A forest of regression trees learnt to predict the score from the choices; its predictions were taken "
        f"apart (fANOVA). `{CHANCE}` is a control: a random number that no trial knew of. **A choice that is not "
        "clearly above it can't be told from one that does not matter.**"
    )
    first, (share, _) = next(iter(shares.items()))
    page.figure(
        pictures.importances(shares, CHANCE),
        f"Means over {RESAMPLES} forests, each with the trials drawn anew; the whiskers are one standard deviation. "
        "It holds within the ranges that were searched, and a narrower range makes any choice look less important.",
        f"{first} explains {share:.0%}.",
    )


def table(outcome: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return headers and rows, the best trial first."""
    metric, names = outcome["metric"], list(outcome["trials"][0]["choices"]) if outcome["trials"] else []
    order = sorted(outcome["trials"], key=lambda trial: _rank(trial, outcome))
    rows = [
        [
            str(trial["number"]),
            trial["state"],
            write_number(metric, trial["score"]),
            str(len(trial["curve"])),
            *(write_choice(trial["choices"].get(name)) for name in names),
        ]
        for trial in order
    ]
    return ["trial", "state", in_words(metric), "epochs", *(short_name(name, names) for name in names)], rows


def _rank(trial: dict[str, Any], outcome: dict[str, Any]) -> tuple[Any, ...]:
    states = ["complete", "pruned", "running", "diverged", "failed"]
    score = trial["score"] if trial["score"] is not None else 0.0
    is_best = trial["number"] == outcome["best"]
    return not is_best, states.index(trial["state"]), -score if outcome["good"] == "highest" else score


def write_choice(value: Any) -> str:
    return "-" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def _beyond(outcome: dict[str, Any]) -> str:
    """Say which trials lie on the edge of a picture."""
    scored = [trial for trial in outcome["trials"] if trial["score"] is not None]
    limit, good = pictures.edge(scored, outcome["good"]), outcome["good"]
    beyond = sum(trial["score"] < limit if good == "highest" else trial["score"] > limit for trial in scored)
    if not beyond:
        return ""
    which = "below" if good == "highest" else "above"
    return f" In all pictures, what lies {which} {write_number(outcome['metric'], limit)} is drawn on the edge."


def _axis(parameter: Range | Choice) -> str | list[str]:
    if isinstance(parameter, Choice):
        return [str(value) for value in parameter.options.values()]
    return "log" if parameter.log else "linear"


def _dashed(names: Any) -> set[str]:
    return {name.replace("_", "-") for name in names}
