"""The value that is to be predicted is the last of those that it is predicted from."""

import numpy as np

from groundup.practice.bug import Bug
from groundup.practice.exercise import AnswerError


def measure(module, healthy, seed):
    series, later = healthy.load(seed)
    rng = np.random.default_rng(seed)
    model = healthy.network(rng)
    module.train(model, *module.windows(series), rng)
    model.eval()
    return healthy.at_work(model, later)


def probe(module, healthy, seed):
    """In the series 0, 1, 2 ... every number says what time it is."""
    x, y = module.windows(np.arange(50, dtype=np.float32))
    newest, target = np.max(x, axis=1), np.ravel(y)
    if len(x) != len(target) or len(x) < 50 - healthy.WINDOW - 1:
        raise AnswerError(
            "rows", f"A series of 50 gives {len(x)} rows of x and {len(target)} of y, expected 42 of each."
        )
    if (newest >= target).any():
        row = int(np.argmax(newest >= target))
        raise AnswerError(
            "knows the answer",
            f"In the series 0, 1, 2 ... row {row} of windows says: from {np.array(x[row])} predict {target[row]:g}.",
        )
    if (target - newest != 1).any():
        raise AnswerError(
            "skips", f"In the series 0, 1, 2 ... y comes {target[0] - newest[0]:g} places behind x, not 1."
        )


BUG = Bug(
    title="Too good to be true",
    fault="leakage: the target is among the inputs",
    lesson="A result that is too good is a finding about the data. Ask of every input: is it known when the prediction is "
    "made? A series such as 0, 1, 2 ... shows at one look what is predicted from what.",
    edits=(
        (
            "x = np.stack([series[start : start + WINDOW] for start in starts])",
            "x = np.stack([series[start + 1 : start + 1 + WINDOW] for start in starts])",
        ),
    ),
    here=(
        "x = np.stack([series[start + 1 : start + 1 + WINDOW] for start in starts])",
        "y = np.stack([series[start + WINDOW : start + WINDOW + 1] for start in starts])",
    ),
    hints=(
        "The series holds chance that nobody can foresee, and yet the validation loss is nearly 0. So the network knows "
        "something that it should not. `from groundup.practice import health`; print(health.telling_columns(x, y)).",
        "One column of x is y itself. Look at the rows: x, y = windows(np.arange(20.0)); print(x[0], y[0]).",
        "WINDOW values from start on end with number start + WINDOW - 1; y is number start + WINDOW. Where does x end here?",
    ),
    metric="variance explained at work",
    measure=measure,
    enough=0.82,
    steps=240,
    probe=probe,
)
