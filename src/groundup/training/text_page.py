"""The part of an evaluation's page that is about language models: what they write, what surprises them.

All of it is shown on the validation split, whatever the split that was measured: the test split is for numbers.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from groundup import plots
from groundup.report import Page
from groundup.training import looking

if TYPE_CHECKING:
    from groundup.training.tasks.text import LanguageModelling

WINDOWS = 64  # of the validation split, searched for surprises
LOOKED_AT = 32  # characters in the pictures of attention


def add_to(page: Page, task: "LanguageModelling", model: nn.Module) -> None:
    """Add a sample of text, the most surprising characters, and the attention of the last layer if there is one."""
    _sample(page, task, model)
    _surprises(page, task, model)
    _attention(page, task, model)


def _sample(page: Page, task: "LanguageModelling", model: nn.Module) -> None:
    text = task.sample(model)
    if not text:  # a model that cannot write
        return
    page.section("What it writes", "It goes on by itself: each character is drawn from its guess of what comes next.")
    page.code(text)


def surprises(task: "LanguageModelling", model: nn.Module, count: int = 10) -> list[dict[str, Any]]:
    """Return the characters of the validation split that the model held for the least likely, the worst first.

    Of the first 64 windows; of each window the second half alone, where there is something to guess from. Each with
    the text ``before`` it, the ``truth`` and its ``probability``, the likeliest ``guess`` and its ``confidence``.
    """
    rows = torch.arange(min(WINDOWS, len(task.splits["validation"]) // (task.context + 1)))
    x, y = task.batch("validation", rows)
    with torch.no_grad():
        probabilities = model(x).double().softmax(dim=-1).cpu()  # (N, T, V)
    x, y = x.cpu(), y.cpu()
    T = x.shape[1]
    truth = probabilities.gather(-1, y[:, :, None])[:, T // 2 :, 0]  # (N, T / 2)
    confidence, guess = probabilities.max(dim=-1)
    found = []
    for place in truth.flatten().argsort(stable=True)[:count].tolist():
        n, t = place // truth.shape[1], place % truth.shape[1] + T // 2
        found.append(
            {
                "before": task.text.decode(x[n, max(0, t - 39) : t + 1].numpy()),
                "truth": task.text.decode(y[n, t : t + 1].numpy()),
                "probability": float(probabilities[n, t, y[n, t]]),
                "guess": task.text.decode(guess[n, t : t + 1].numpy()),
                "confidence": float(confidence[n, t]),
            }
        )
    return found


def _surprises(page: Page, task: "LanguageModelling", model: nn.Module) -> None:
    page.section(
        "What surprises it",
        "The characters that it held for the least likely, in the first windows of the validation split: what came "
        "before, what it expected, and what came. `↵` is the end of a line, `␣` a space.",
    )
    page.table(
        ["text before", "expected", "came", "with probability"],
        [
            [
                _visible(s["before"], spaces=False),
                f"{_visible(s['guess'])} ({s['confidence']:.0%})",
                _visible(s["truth"]),
                f"{s['probability']:.1e}",
            ]
            for s in surprises(task, model)
        ],
    )


def _attention(page: Page, task: "LanguageModelling", model: nn.Module) -> None:
    x: Tensor = task.splits["validation"][None, : min(LOOKED_AT, task.context)]
    maps = looking.attention(model, x)
    if not maps:
        return
    name, weights = list(maps.items())[-1]
    weights = weights[0, :4]  # (heads, T, T), of the only text
    letters = [_visible(letter) for letter in task.text.decode(x[0].cpu().numpy())]
    page.section(
        "Where it looks",
        f"The first characters of the validation split. A row is a place in the text, and its shades say how much the "
        f"last layer (`{name}`) takes from each place up to it, to guess what comes next.",
    )
    page.figure(
        plots.attention(weights.numpy(), letters, letters, [f"head {n + 1}" for n in range(len(weights))]),
        f"{len(weights)} of its heads. Above the diagonal lies the future, which is hidden.",
        f"{len(weights)} triangular pictures of attention weights over {len(letters)} characters.",
    )


def _visible(text: str, spaces: bool = True) -> str:
    text = text.replace("\n", "↵")
    return text.replace(" ", "␣") if spaces else text
