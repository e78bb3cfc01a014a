"""Write docs/trained.md from runs of several seeds: ``python scripts/make_trained.py FOLDER...``.

What the page needs is copied from the folders of the runs to docs/trained.json; a model that is not among them keeps
what is stored. Without folders the page is made again from that. A model that translates also leaves a picture.
"""

import json
import shlex
import sys
from itertools import groupby
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from groundup import models
from groundup.training import TrainConfig
from groundup.training.settings import flat, read_config

DOCS = Path(__file__).parents[1] / "docs"
STORED = DOCS / "trained.json"
SENTENCE = "Ein kleiner Junge spielt mit einem Ball am Strand."
MEASURES = {"images": "accuracy", "text": "loss", "translation": "bleu"}

PAGE = """# What training gave

The models of Part 2, trained on real data by the commands below, each with several seeds. Validation chose the epoch;
the test split was measured once, at the end of each run. Mean and standard deviation over the seeds. Written by
`python scripts/make_trained.py` from the folders of the runs; every number is in [trained.json](trained.json).

| model | data | parameters | seeds | measure | validation | test |
|---|---|---|---|---|---|---|
{rows}

All on CPUs (Intel Xeon, 2 cores, with 16-bit matrix units), PyTorch {torch}. The time of a run is that of its training,
validation and test together; a run with one thread shared the machine with others, so an idle one is faster.

{sections}"""


def command(config: TrainConfig) -> str:
    """Return the command that makes this run, without its seed."""
    default, words = flat(TrainConfig()), [config.model]
    for name, value in flat(config).items():
        option = "--" + name.replace("_", "-")
        if name in ("model", "seed") or name.startswith("model_settings.") or value == default[name]:
            continue
        if isinstance(value, bool):
            words.append(option if value else option.replace("--", "--no-", 1))
        else:
            words += [option, *map(str, value if isinstance(value, (tuple, list)) else [value])]
    if config.model_settings:
        settings = [f"{key}={value!r}".replace(" ", "") for key, value in config.model_settings.items()]
        words[1:1] = ["--model-settings", *settings]
    return "groundup train " + shlex.join(words)


def read(folder: Path) -> dict[str, Any]:
    """Return what is kept of one run."""
    found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    config = read_config(TrainConfig, folder)
    environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    return {
        "model": config.model,
        "data": config.data,
        "command": command(config),
        "seed": config.seed,
        "parameters": found["parameters"],
        "best_epoch": found["best_epoch"],
        "validation": found["validation"],
        "test": {name: value for name, value in found["test"].items() if isinstance(value, (int, float))},
        "sample": found["sample"],
        "seconds": found["seconds"],
        "threads": environment["threads"],
        "torch": environment["torch"],
        "unverified": found["unverified"],
    }


def draw_attention(folder: Path, model: str) -> dict[str, str]:
    """Draw where the model looks as it translates SENTENCE; return the sentence and its translation."""
    from groundup.training.run_page import save_picture
    from groundup.training.translating import load_translator
    from groundup.training.translator import attention_figure

    translator, _ = load_translator(folder)
    figure, _, _ = attention_figure(translator, SENTENCE)
    save_picture(figure, DOCS / "pictures" / f"attention-{model}.png", "png")
    return {"source": SENTENCE, "translation": translator([SENTENCE])[0]}


def write(measure: str, values: list[float]) -> str:
    unit, digits = {"accuracy": (100, 2), "loss": (1, 3), "bleu": (1, 1)}[measure]
    spread = f" ± {unit * stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{unit * mean(values):.{digits}f}{'%' if measure == 'accuracy' else ''}{spread}"


def row(runs: list[dict[str, Any]]) -> str:
    first, measure = runs[0], MEASURES[models.describe(runs[0]["model"]).task]
    name = {"accuracy": "accuracy", "loss": "nats per character", "bleu": "BLEU (sacrebleu)"}[measure]
    cells = [
        f"[{first['model']}](#{first['model']})", first["data"], f"{first['parameters']:,}",
        ", ".join(str(run["seed"]) for run in runs), name,
        *(write(measure, [run[split][measure] for run in runs]) for split in ("validation", "test")),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def section(runs: list[dict[str, Any]]) -> str:
    first = runs[0]
    measure = MEASURES[models.describe(first["model"]).task]
    parts = [f"## {first['model']}", f"    {first['command']} --seed {first['seed']}"]
    parts.append(
        "\n".join(
            f"- seed {run['seed']}: test {write(measure, [run['test'][measure]])}, best epoch {run['best_epoch']}, "
            f"{run['seconds'] / 60:.1f} minutes with {run['threads']} thread{'s' * (run['threads'] > 1)}"
            for run in runs
        )
    )
    if first["data"] == "cifar10" and first["unverified"]:
        parts.append("The images were a copy that had been saved as JPEG, so they differ slightly from the original's.")
    if "attention" in first:
        found = first["attention"]
        parts.append(f"“{found['source']}” becomes “{found['translation']}” (seed {first['seed']}).")
        parts.append(f"![Where the model looks as it translates](pictures/attention-{first['model']}.png)")
    elif first["sample"]:
        parts.append(f"What it writes, seed {first['seed']}:\n\n```text\n{first['sample'].strip()}\n```")
    return "\n\n".join(parts)


def page(runs: list[dict[str, Any]]) -> str:
    """Return the page of these runs, which stand in order."""
    groups = [list(group) for _, group in groupby(runs, key=lambda run: run["model"])]
    for group in groups:
        if len({run["command"] for run in group}) > 1:
            raise SystemExit(f"The runs of {group[0]['model']} differ in more than their seed.")
    return PAGE.format(
        rows="\n".join(map(row, groups)),
        torch=", ".join(sorted({run["torch"].partition("+")[0] for run in runs})),
        sections="\n\n".join(map(section, groups)) + "\n",
    )


def place(run: dict[str, Any]) -> tuple[Any, ...]:
    """Return what the runs are sorted by."""
    card = models.describe(run["model"])
    return card.task, card.year, card.name, run["seed"]


def main() -> None:
    runs = []
    for folder in map(Path, sys.argv[1:]):
        run = read(folder)
        if run["seed"] == 0 and "bleu" in run["test"]:
            run["attention"] = draw_attention(folder, run["model"])
        runs.append(run)
    renewed = {run["model"] for run in runs}
    stored = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else []
    runs = sorted([*runs, *(run for run in stored if run["model"] not in renewed)], key=place)
    text = page(runs)
    STORED.write_text(json.dumps(runs, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (DOCS / "trained.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
