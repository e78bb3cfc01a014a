"""The parts at work are normalised with numbers of their own."""

import numpy as np

from groundup.practice.bug import Bug
from groundup.practice.exercise import AnswerError


def measure(module, healthy, seed):
    (x, y), (work, broken) = healthy.load(seed)
    x, work = module.prepare(x, work)
    rng = np.random.default_rng(seed)
    model = healthy.network(rng)
    module.train(model, np.asarray(x, np.float32), y, rng)
    return healthy.f1(model, np.asarray(work, np.float32), broken)


def probe(module, healthy, seed):
    """One part must become the same numbers wherever it turns up, and nothing may be learnt from the parts at work."""
    (x, _), (work, _) = healthy.load(seed)
    known, met = module.prepare(x.copy(), x[:7].copy())
    away = np.abs(known[:7] - met).max()
    if away > 1e-3:
        raise AnswerError(
            "two numbers for one part",
            "One and the same part, among those to learn from and at work, does not become the same numbers: "
            f"{np.round(np.ravel(known[0])[:3], 2)} and {np.round(np.ravel(met[0])[:3], 2)} in the first three columns.",
        )
    first, second = module.prepare(x.copy(), work.copy())[0], module.prepare(x.copy(), work[:9].copy())[0]
    if np.abs(first - second).max() > 1e-3:
        raise AnswerError(
            "learns from work",
            "The numbers to learn from change with the parts at work: with 9 parts they are others than with 400. When "
            "the network learns, the parts at work are not there yet.",
        )


BUG = Bug(
    title="At home it knows everything, at work nearly nothing",
    fault="wrong normalisation: new data by their own mean and spread",
    lesson="Mean and spread are part of the model: learnt from the training data, and then used as they are, also on a "
    "single new row. By its own mean every crowd looks average, and what made it different is gone.",
    edits=(
        (
            "    mean, spread = x.mean(axis=0), x.std(axis=0)\n    x = (x - mean) / spread\n    work = (work - mean) / spread\n",
            "    x = (x - x.mean(axis=0)) / x.std(axis=0)\n    work = (work - work.mean(axis=0)) / work.std(axis=0)\n",
        ),
    ),
    here=("work = (work - work.mean(axis=0)) / work.std(axis=0)",),
    hints=(
        "How does it err? `from groundup.practice import health`; in main, print(health.predictions(scratch.predict(model, "
        "work).argmax(axis=1), broken)). And are the parts at work like those that it learnt from? "
        "print(health.alike(x, work)), before prepare and after it.",
        "Before prepare they are unlike, as they must be: broken parts are ten times rarer at work. After it the difference is "
        "gone. Put one part through prepare twice, among the ones and among the others: prepare(x, x[:7]). Is it the same?",
        "The mean at work is the mean of good parts, so a good part at work looks like one half way to broken. Which mean "
        "belongs to what the network has learnt?",
    ),
    metric="F1 of the broken parts at work",
    measure=measure,
    enough=0.35,
    steps=130,
    probe=probe,
)
