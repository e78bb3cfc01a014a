"""Write docs/ablation.md from the stored results of an ablation: ``python scripts/make_ablation.py``.

Run this first; nothing is computed here but what fewer seeds, or a simpler test, would have said::

    groundup ablate experiments/digits_ablation.toml --seeds 10
"""

import json
import sys
from pathlib import Path
from typing import Any

from groundup import plots
from groundup.training.experiments import ablation_page, pictures
from groundup.training.experiments.statistics import Comparison, compare

ROOT = Path(__file__).parents[1]
FEW = 5


def say(difference: float) -> str:
    return ablation_page.write_difference("accuracy", difference)


def row(choice: dict[str, Any], few: Comparison) -> str:
    found = choice["comparison"]
    cells = [
        choice["name"],
        ablation_page.write_mean("accuracy", choice),
        say(choice["differences"][0]),
        f"{say(few.difference)}: {('better' if few.difference > 0 else 'worse') if few.clear else 'may be noise'}",
        f"{say(found['difference'])}: {choice['verdict']}",
        ablation_page.interval("accuracy", found),
    ]
    return f"| {' | '.join(cells)} |"


def markdown(found: dict[str, Any]) -> str:
    baseline, *others = found["choices"]
    seeds, held_out, many = found["seeds"], found["held_out"], len(others)
    few = [compare(c["scores"][:FEW], baseline["scores"][:FEW], held_out, many) for c in others]
    unclear = [choice for choice in others if choice["verdict"] == "may be noise"]
    misled = max(unclear, key=lambda c: abs(c["differences"][0] - c["comparison"]["difference"]))
    lessons = [
        f"One run misleads. Seed {seeds[0]} alone says {say(misled['differences'][0])} for “{misled['name']}”, "
        f"{len(seeds)} seeds say {say(misled['comparison']['difference'])}. Runs of the baseline that differ in "
        f"nothing but their seed have a standard deviation of {100 * baseline['std']:.2f} points, and the difference "
        "of two of them √2 times that.",
    ]
    for choice in unclear:
        plain = compare(choice["scores"], baseline["scores"], 0.0, many)
        if plain.clear:
            lower = sum(difference < 0 for difference in choice["differences"])
            lessons.append(
                f"Seeds are not independent experiments. “{choice['name']}” is below the baseline with {lower} of "
                f"{len(seeds)} seeds. A test that takes the seeds for independent would call that clear (p = "
                f"{plain.p:.3f}, corrected for {many} comparisons). But all runs share the same few images, and what "
                f"ten splits of them agree on may still be a peculiarity of these images; the test that allows for it "
                f"says p = {choice['comparison']['p']:.2f}. More seeds would not settle it: they bring new "
                "luck, and no new data."
            )
    lessons += [
        "“May be noise” is not “no effect”. The interval says how large an effect may still be; where it is long, the "
        "question is open.",
        "A recipe is no better for each part that it has. What helps on photographs may hurt on digits of 8 × 8 pixels "
        "that all stand in the middle of their picture, as shifting them by a pixel does here. All of this holds for "
        "this model, these data and this length of training alone.",
    ]
    lines = [
        "# Which parts of a recipe matter, and how many runs it takes to see it",
        "Written by `python scripts/make_ablation.py` from the stored results of",
        f"    groundup ablate experiments/digits_ablation.toml --seeds {len(seeds)}",
        "LeNet-5 learns the bundled digits in 8 epochs by a recipe of six parts; each change leaves one of them out, "
        f"or replaces it (SGD: at the learning rate that suits Adam). Every choice was trained with the same "
        f"{len(seeds)} seeds, on one thread of a CPU. The numbers are validation accuracies: mean and standard "
        "deviation over the seeds, and differences from the baseline in percentage points. The test split was "
        "left unseen.",
        "\n".join(
            [
                f"| | accuracy | difference, seed {seeds[0]} | {FEW} seeds | {len(seeds)} seeds | lies between |",
                "|---|---|---|---|---|---|",
                f"| baseline | {ablation_page.write_mean('accuracy', baseline)} | | | | |",
                *map(row, others, few),
            ]
        ),
        "![Differences from the baseline, a dot a seed, with intervals](pictures/ablation.png)",
        "“Better” and “worse” stand where a paired t-test over the seeds leaves zero out of the interval in the last "
        f"column. The test is corrected for {many} comparisons (Bonferroni) and for the data that all runs share "
        "(Nadeau and Bengio, 2003); `groundup.training.experiments.statistics` has the formulas, and "
        "the page of every ablation explains them.",
        "What there is to learn from it:",
        "\n".join(f"- {lesson}" for lesson in lessons),
    ]
    return "\n\n".join(lines) + "\n"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "runs" / "ablate-digits_ablation"
    found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    page = markdown(found)
    (ROOT / "docs" / "ablation.md").write_text(page, encoding="utf-8")
    figure = pictures.differences(found["choices"][1:], "validation accuracy")
    figure.savefig(ROOT / "docs" / "pictures" / "ablation.png", dpi=110, facecolor=plots.PAPER)
    print(page)


if __name__ == "__main__":
    main()
