"""The page of ``groundup evaluate``: what holds for every task here, the rest by the task itself."""

from typing import Any

from groundup import models
from groundup.report import Page
from groundup.training.inspection import Inspection
from groundup.training.run_page import in_words, not_original, write_number


def build(result: Inspection) -> Page:
    """Return the page; the task adds its part, see :meth:`groundup.training.tasks.Task.show`."""
    d = result.document
    card = models.describe(d["model"])
    page = Page(
        f"{card.title} on {d['data']}",
        f"What it learnt, measured on the {d['split']} split: {result.task.words(d['metrics'])}.",
    )
    page.numbers(_headlines(d["metrics"]))
    if d["unverified"]:
        page.note(not_original(d["data"], d["unverified"]))
    page.text(f"The split has {d['rows']:,} rows. The numbers are {d['source']}. {_ABOUT[d['split']]}")
    result.task.show(page, result.model, d["split"], result.predictions)
    page.section("How this page was made")
    page.text(
        f"{card.title}: {card.paper}, {card.year}. The run in `{d['folder']}` was trained with seed {d['seed']}. Every "
        "number is in the file `evaluation.json` beside this page; this command made both."
    )
    page.code(f"groundup evaluate {d['folder']} --split {d['split']}")
    return page


_ABOUT = {
    "validation": "These rows taught the model nothing, but they chose its best epoch, so it may look a little better "
    "here than it is. Look at this split as often as you like while you improve the model; that is what the test split "
    "must not be used for.",
    "test": "These rows took part in no choice. Whoever changes the model because of what stands here spoils them: "
    "mistakes to learn from are on the page of the validation split.",
}

# metric -> what it says
_KNOWN = {
    "accuracy": "the most likely class is the true one",
    "top5_accuracy": "the true class is among the five most likely",
    "loss": "nats a guess: the mean of -log of the truth's probability",
    "perplexity": "as unsure as a fair choice among so many",
    "bleu": "how many word sequences agree with the reference, 0 to 100",
}


def _headlines(metrics: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (write_number(name, metrics[name]), in_words(name), detail)
        for name, detail in _KNOWN.items()
        if isinstance(metrics.get(name), (int, float))
    ]
