"""The training loop: two epochs of a small network, with every slip that still runs."""

import numpy as np

from groundup.practice.exercise import AnswerError, Case, Exercise, Part, Slip, named, nothing_returned
from groundup.practice.exercises.training_loop import solution
from groundup.practice.scenes import AVERAGES, nothing_moved, number, over_examples, record

ROWS: tuple[str, ...] = ("sizes of the batches", "row numbers", "row numbers of the next epoch")
TRAINED: tuple[str, ...] = ("the loss of each epoch", "the weight after each epoch")
EVALUATED: tuple[str, ...] = ("loss", "accuracy")


def order(rng, dtype):
    n = {"N": int(rng.choice([17, 19, 23])), "B": int(rng.choice([5, 7]))}
    return Case({"n": n["N"], "size": n["B"], "seed": int(rng.integers(1000, 9999))}, n)


def examples(rng, dtype):
    n = {"N": int(rng.choice([17, 19, 23])), "B": int(rng.choice([5, 7])), "I": 3, "K": 2}
    return Case(
        {
            "x": rng.normal(size=(n["N"], n["I"])).astype(dtype),
            "labels": rng.integers(n["K"], size=n["N"]),
            "weight": rng.normal(size=(n["K"], n["I"])).astype(dtype),
            "bias": rng.normal(size=n["K"]).astype(dtype),
            "size": n["B"],
            "lr": float(rng.choice([0.3, 0.7])),
            "seed": int(rng.integers(1000, 9999)),
        },
        n,
    )


def more_examples(rng, dtype):
    """For the evaluation more rows, so that an accuracy is hardly right by chance."""
    case = examples(rng, dtype)
    n = {**case.dims, "N": int(rng.choice([83, 97, 101])), "B": int(rng.choice([11, 13]))}
    x, labels = rng.normal(size=(n["N"], n["I"])).astype(dtype), rng.integers(n["K"], size=n["N"])
    return Case({**case.inputs, "x": x, "labels": labels, "size": n["B"]}, n)


def begin(module, i):
    network = module.Network(i["weight"].copy(), i["bias"].copy(), seed=i["seed"])
    return network, module.SGD(network, i["lr"])


def two_epochs_of_rows(module, i):
    def epochs():
        rng = np.random.default_rng(i["seed"])
        return [[np.asarray(rows) for rows in module.batches(i["n"], i["size"], rng)] for _ in range(2)]

    first, second = epochs()
    for rows in first:
        if rows.ndim != 1 or rows.dtype.kind not in "iu":
            raise AnswerError(
                "not row numbers",
                f"One batch of {i['size']} rows is {rows!r}; expected an array of row numbers. (yield gives a batch and "
                "goes on with the loop; return would end it.)",
            )
    sizes = [len(rows) for rows in first]
    every_row_once(np.concatenate([*first, np.empty(0, int)]), i["n"], sizes, i["size"])
    if not all(np.array_equal(rows, again) for rows, again in zip(first, epochs()[0])):
        raise AnswerError(
            "another generator",
            "With the same rng the order is another one each time: draw with rng, not with np.random or an rng of its own.",
        )
    return dict(zip(ROWS, (sizes, np.concatenate(first), np.concatenate(second))))


def every_row_once(rows, n, sizes, size):
    """Refuse an epoch that is not all rows once, and say which are there too often or never."""
    times = np.bincount(rows, minlength=n)
    if times.max() > 1:
        raise AnswerError(
            "rows twice",
            f"In one epoch of {n} rows, row {times.argmax()} comes {times.max()} times and {(times == 0).sum()} rows "
            "never. Draw one order of all rows, and cut it into batches.",
        )
    text = f"Only {len(rows)} of {n} rows come in an epoch, in batches of {', '.join(map(str, sizes))}"
    if 0 < n - len(rows) < size and all(length == size for length in sizes):
        raise AnswerError("last batch lost", f"{text}: where {size} does not divide {n}, the rest is a batch too.")
    if len(rows) < n:
        raise AnswerError("rows lost", f"{text}. Where are the others lost?")


def two_epochs(module, i):
    network, optimizer = begin(module, i)
    network.training = False  # as an evaluation before has left it
    calls = []
    record(calls, network, "zero_grad", "forward", "backward")
    record(calls, optimizer, "step")
    rng = np.random.default_rng(i["seed"])
    losses, weights = [], []
    for _ in range(2):
        losses.append(number(module.train_epoch(network, optimizer, i["x"], i["labels"], i["size"], rng)))
        weights.append(network.weight.copy())
    if losses[0] is None:
        raise nothing_returned("train_epoch")
    if np.array_equal(network.weight, i["weight"]):
        raise nothing_moved(calls)
    return dict(zip(TRAINED, (losses, np.stack(weights))))


def one_evaluation(module, i):
    network, _ = begin(module, i)
    scores = named(module.evaluate(network, i["x"], i["labels"], i["size"]), EVALUATED, "evaluate")
    if network.dweight.any() or not np.array_equal(network.weight, i["weight"]):
        raise AnswerError(
            "trains in evaluation", "evaluate changes weights or gradients: no backward and no step belong there."
        )
    return {name: number(score) for name, score in scores.items()}


def trained(
    i,
    calls=("zero", "backward", "step"),
    zero_first=False,
    step_last=False,
    training=True,
    shuffled=True,
    whole=False,
    unmatched=False,
    only_first=False,
    mean=over_examples,
):
    """Two epochs with one thing done differently: what the learner may have written."""
    network, optimizer = begin(solution, i)
    network.training = training
    rng = np.random.default_rng(i["seed"])
    means, weights = [], []
    for _ in range(2):
        losses, counts = [], []
        if zero_first:
            network.zero_grad()
        n = len(i["x"])
        epoch = list(solution.batches(n, i["size"], rng))
        if not shuffled:
            epoch = np.split(np.arange(n), range(i["size"], n, i["size"]))
        for rows in epoch[:1] if only_first else epoch:
            rows = np.arange(len(i["x"])) if whole else rows
            labels = i["labels"][sum(counts) :][: len(rows)] if unmatched else i["labels"][rows]
            loss, dlogits = solution.cross_entropy(network.forward(i["x"][rows]), labels)
            for call in calls:
                if call == "zero":
                    network.zero_grad()
                elif call == "backward":
                    network.backward(dlogits)
                else:
                    optimizer.step()
            losses.append(loss)
            counts.append(len(rows))
        if step_last:
            optimizer.step()
        means.append(mean(losses, counts) * (counts[0] / n if only_first else 1))
        weights.append(network.weight.copy())
    return dict(zip(TRAINED, (means, np.stack(weights))))


def evaluated(i, training=False, mean=over_examples):
    network, _ = begin(solution, i)
    network.training = training
    losses, accuracies, counts = [], [], []
    for start in range(0, len(i["x"]), i["size"]):
        rows = slice(start, start + i["size"])
        logits = network.forward(i["x"][rows])
        losses.append(solution.cross_entropy(logits, i["labels"][rows])[0])
        accuracies.append((logits.argmax(axis=1) == i["labels"][rows]).mean())
        counts.append(len(logits))
    return {"loss": mean(losses, counts), "accuracy": mean(accuracies, counts)}


def training_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: trained(i, **changes))


EXERCISE = Exercise(
    title="The training loop",
    parts=(
        Part("batches", order, ROWS, run=two_epochs_of_rows, float32=False, slips=(
            Slip("not shuffled", "The rows come in the order of the table: shuffle them anew in each epoch.",
                 lambda i: {name: np.arange(i["n"]) for name in ROWS[1:]}),
            Slip("the same order every epoch", "The second epoch has the order of the first: draw it from the rng that is given, "
                 "which goes on from call to call.",
                 lambda i: {ROWS[2]: np.random.default_rng(i["seed"]).permutation(i["n"])}),
        )),
        Part("train_epoch", examples, TRAINED, run=two_epochs, slips=(
            training_slip("zero_grad forgotten", "The gradients of all batches so far are added up: call zero_grad for each batch, "
                          "before backward.", calls=("backward", "step")),
            training_slip("zero_grad once an epoch", "zero_grad is called once an epoch: the gradients of all its batches add up. "
                          "It belongs in the loop.", calls=("backward", "step"), zero_first=True),
            training_slip("step before backward", "step comes before backward: each step uses the gradients of the batch before.",
                          calls=("step", "zero", "backward")),
            training_slip("training mode off", "The network is not in training mode, so dropout does nothing: an evaluation "
                          "before may have switched it off. Set network.training = True first.", training=False),
            training_slip("whole data", "Each step uses all of x, not the batch: take x[rows] and labels[rows].", whole=True),
            training_slip("labels of other rows", "The rows of x are shuffled, the labels are not: labels[rows] are the ones that "
                          "belong to x[rows].", unmatched=True),
            training_slip("step once an epoch", "step comes once an epoch, with the gradient of the last batch: it belongs in the "
                          "loop.", calls=("zero", "backward"), step_last=True),
            training_slip("step once an epoch", "step comes once an epoch, with the gradients of all batches: it belongs in the loop.",
                          calls=("backward",), zero_first=True, step_last=True),
            training_slip("not shuffled", "The rows come in the order of the table: let batches(len(x), size, rng) draw them anew.",
                          shuffled=False),
            training_slip("the first batch alone", "Only the first batch of each epoch is trained on: does a return stand in the loop?",
                          only_first=True),
            *(training_slip(cause, message, mean=how) for cause, message, how in AVERAGES),
        )),
        Part("evaluate", more_examples, EVALUATED, run=one_evaluation, slips=(
            Slip("evaluated in training mode", "Dropout is still active: set network.training = False before you evaluate.",
                 lambda i: evaluated(i, training=True)),
            *(Slip(cause, message, lambda i, how=how: evaluated(i, mean=how)) for cause, message, how in AVERAGES),
        )),
    ),
    hints=(
        "order[start : start + size] may end behind the last number: Python then gives what is there, the smaller batch.",
        "In the loop, in this order: zero_grad, forward, cross_entropy, backward, step. The loss is of x[rows] and labels[rows].",
        "Add up loss * len(rows) and divide by len(x) at the end: cross_entropy has already divided by the batch's size.",
        "Evaluation: network.training = False, then forward and cross_entropy alone; logits.argmax(axis=1) is the class that is predicted.",
    ),
)  # fmt: skip
