"""The page of an ablation: which changes make a difference, and which may be noise."""

from typing import Any

from groundup.report import Page
from groundup.training.experiments import pictures
from groundup.training.experiments.files import BASELINE, AblationConfig
from groundup.training.run_page import chosen, in_words, not_original, write_number


def build(outcome: dict[str, Any], config: AblationConfig, file: str) -> Page:
    """Return the page of what :meth:`groundup.training.experiments.ablation.Ablation.outcome` returned."""
    metric, seeds, choices = outcome["metric"], outcome["seeds"], outcome["choices"]
    label, others = f"validation {in_words(metric)}", choices[1:]
    page = Page(
        f"What matters for {config.base.model} on {config.base.data}",
        f"A baseline and {len(others)} change{'s' * (len(others) != 1)} to it, each trained with {len(seeds)} "
        f"seed{'s' * (len(seeds) != 1)}; compared on validation.",
    )
    clear = [choice for choice in others if choice["verdict"] in ("better", "worse")]
    page.numbers(
        [
            (write_mean(metric, choices[0]), f"{label} of the baseline", f"mean and deviation over {len(seeds)} seeds"),
            (str(len(clear)), f"of {len(others)} make a clear difference", ", ".join(c["name"] for c in clear)),
        ]
    )
    if outcome["unverified"]:
        page.note(not_original(str(config.base.data), outcome["unverified"]))
    page.section("What came out")
    page.table(*table(outcome))
    shown = [choice for choice in others if choice["differences"]]
    if shown:
        page.figure(
            pictures.differences(others, in_words(metric)),
            "Small dots: a seed each. Bars: where the true difference lies, as far as these seeds can tell. A blue bar "
            f"does not touch zero, a grey one does. {'Right' if outcome['good'] == 'highest' else 'Left'} of the line "
            "is better than the baseline.",
            "; ".join(f"{c['name']}: {sentence(c, outcome)}" for c in shown),
        )
    page.section("The changes", "Each is the baseline but for this:")
    page.table(
        ["name", "what differs"],
        [[c["name"], ", ".join(f"{name} {value}" for name, value in c["changes"].items())] for c in others],
    )
    base = chosen(config.base)
    base.pop("seed")
    page.text("The baseline: " + ", ".join(f"`{name} {value}`" for name, value in base.items()) + ".")
    _explain(page, outcome)
    page.section("To go on")
    page.text("More seeds make the bars shorter, down to what the shared data leave; what is done is not done again:")
    page.code(f"groundup ablate {file} --seeds {2 * len(seeds)}")
    page.text("Every run, side by side:")
    page.code(f"groundup runs {outcome['folder']}")
    return page


def _explain(page: Page, outcome: dict[str, Any]) -> None:
    n, m = len(outcome["seeds"]), len(outcome["choices"]) - 1
    page.section("How a difference is told from noise")
    page.points(
        [
            "**Pairs.** With the same seed, baseline and change begin with the same luck: the same validation split, "
            "the same order of the examples, the same first weights where the shapes agree. So their difference is "
            "taken seed by seed, and the luck cancels out in part.",
            f"**A t-test** of these {n} differences asks how often pure noise would give a mean as far from zero, "
            "judged by how much the differences jump from seed to seed. Few seeds mean long bars: a bar that touches "
            "zero does not say that the change has no effect, only that an effect inside the bar would not have been "
            "noticed.",
            "**Shared data.** All runs learn from the same examples, only split anew, so their differences are more "
            "alike than those of independent experiments. The variance is made larger for that: 1/n becomes 1/n plus "
            f"{outcome['held_out']:.3f}, the validation examples for each training example (Nadeau and Bengio, 2003).",
            f"**Several comparisons.** Who looks {m} time{'s' * (m != 1)} finds something by chance more often than "
            f"who looks once. Each comparison is therefore tested at 5% / {m} (Bonferroni), and the bars are as long "
            f"as that asks for; the p-values in the table have been multiplied by {m}. Below 5% counts as a clear "
            "difference.",
        ]
    )
    page.text(
        "What this can't tell: whether it holds for other data, other models or longer training, and how good any of "
        "it is on the test split, which no run has looked at."
    )


def table(outcome: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return headers and rows: a choice a row, the baseline first."""
    metric = outcome["metric"]
    rows = []
    for choice in outcome["choices"]:
        found = choice["comparison"] or {}
        rows.append(
            [
                choice["name"],
                write_mean(metric, choice),
                str(choice["done"]),
                write_difference(metric, found.get("difference")),
                interval(metric, found),
                "-" if not found else "< 0.001" if found["p"] < 0.001 else f"{found['p']:.3f}",
                choice["verdict"] or "-",
            ]
        )
    return ["choice", in_words(metric), "runs", "difference", "lies between", "p", "verdict"], rows


def sentence(choice: dict[str, Any], outcome: dict[str, Any]) -> str:
    """Say how a choice compares with the baseline."""
    found, metric = choice["comparison"], outcome["metric"]
    if choice["name"] == BASELINE or not found:
        return choice["verdict"]
    return f"{write_difference(metric, found['difference'])} ({interval(metric, found)}): {choice['verdict']}"


def write_mean(metric: str, choice: dict[str, Any]) -> str:
    """Write a mean with its deviation over the seeds: 97.31% ± 0.42."""
    if choice["mean"] is None:
        return "-"
    if choice["std"] is None:
        return write_number(metric, choice["mean"])
    deviation = f"{100 * choice['std']:.2f}" if "accuracy" in metric else write_number(metric, choice["std"])
    return f"{write_number(metric, choice['mean'])} ± {deviation}"


def write_difference(metric: str, value: float | None) -> str:
    """Write a difference with its sign; those of accuracies are percentage points."""
    if value is None:
        return "-"
    if "accuracy" in metric:
        return f"{100 * value:+.2f}"
    return f"{value:+.1f}" if metric == "bleu" else f"{value:+.4f}"


def interval(metric: str, found: dict[str, Any]) -> str:
    if not found:
        return "-"
    return f"{write_difference(metric, found['low'])} to {write_difference(metric, found['high'])}"
