"""The training loop in PyTorch: a network with batch norm, so that each mode gives other numbers."""

import numpy as np

from groundup.practice.exercise import AnswerError, Case, Exercise, Part, Slip, named, nothing_returned
from groundup.practice.scenes import AVERAGES, nothing_moved, number, over_examples, record

TRAINED: tuple[str, ...] = ("the loss of each epoch", "the parameters after each epoch")
EVALUATED: tuple[str, ...] = ("loss", "accuracy")


def examples(rng, dtype):
    n = {"N": int(rng.choice([17, 19, 23])), "B": int(rng.choice([5, 7])), "I": 3, "H": 11, "K": 2}
    shapes = {
        "x": (n["N"], n["I"]),
        "weight1": (n["H"], n["I"]),
        "bias1": n["H"],
        "weight2": (n["K"], n["H"]),
        "bias2": n["K"],
    }
    arrays = {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
    labels = rng.integers(n["K"], size=n["N"])
    return Case({**arrays, "labels": labels, "size": n["B"], "lr": float(rng.choice([0.3, 0.7]))}, n)  # fmt: skip


def more_examples(rng, dtype):
    """For the evaluation more rows, so that an accuracy is hardly right by chance."""
    case = examples(rng, dtype)
    n = {**case.dims, "N": int(rng.choice([83, 97, 101])), "B": int(rng.choice([11, 13]))}
    x, labels = rng.normal(size=(n["N"], n["I"])).astype(dtype), rng.integers(n["K"], size=n["N"])
    return Case({**case.inputs, "x": x, "labels": labels, "size": n["B"]}, n)


def begin(i):
    """Return a network with the weights of the case, its optimizer, and a loader."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    hidden, inputs = i["weight1"].shape
    first, last = nn.Linear(inputs, hidden), nn.Linear(hidden, len(i["weight2"]))
    model = nn.Sequential(first, nn.BatchNorm1d(hidden), nn.ReLU(), last).to(torch.from_numpy(i["x"]).dtype)
    with torch.no_grad():
        for layer, place in ((first, 1), (last, 2)):
            layer.weight.copy_(torch.from_numpy(i[f"weight{place}"]))
            layer.bias.copy_(torch.from_numpy(i[f"bias{place}"]))
    loader = DataLoader(TensorDataset(torch.from_numpy(i["x"]), torch.from_numpy(i["labels"])), batch_size=i["size"])
    return model, torch.optim.SGD(model.parameters(), lr=i["lr"]), loader


def parameters(model):
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in model.parameters()])


def two_epochs(module, i):
    model, optimizer, loader = begin(i)
    model.eval()  # as an evaluation before has left it
    before, calls = parameters(model), []
    record(calls, model, "zero_grad")
    record(calls, optimizer, "zero_grad", "step")
    model.register_forward_hook(lambda *_: calls.append("forward"))
    next(model.parameters()).register_post_accumulate_grad_hook(lambda _: calls.append("backward"))
    losses, after = [], []
    for _ in range(2):
        loss = told_where_step_is(calls, lambda: module.train_epoch(model, loader, optimizer))
        if loss is None:
            raise nothing_returned("train_epoch")
        losses.append(plain(loss, "train_epoch"))
        after.append(parameters(model))
    if np.array_equal(before, after[-1]):
        raise nothing_moved(calls)
    return dict(zip(TRAINED, (losses, np.stack(after))))


def told_where_step_is(calls, train):
    """Train; where PyTorch complains about changed tensors because step came too early, say that instead."""
    try:
        return train()
    except RuntimeError as error:
        after_forward = calls[::-1][: calls[::-1].index("forward")] if "forward" in calls else []
        if "modified by an inplace operation" in str(error) and "step" in after_forward:
            raise AnswerError(
                "step before backward",
                "step changes the parameters between forward and backward, which still needs them as they were: PyTorch "
                "refuses. loss.backward() comes first, then optimizer.step().",
            ) from None
        raise


def plain(value, function):
    """Return a number, but not one that drags its graph along."""
    if getattr(value, "requires_grad", False):
        raise AnswerError(
            "graph kept",
            f"What {function} returns is a tensor with its graph behind it: summing losses as tensors keeps every batch's "
            "graph in memory. loss.item() is the plain number.",
        )
    return number(value)


def one_evaluation(module, i):
    model, _, loader = begin(i)
    before, seen = parameters(model), []
    model.register_forward_hook(lambda model, _, y: seen.append((model.training, y.requires_grad)))
    scores = named(module.evaluate(model, loader), EVALUATED, "evaluate")
    if not np.array_equal(before, parameters(model)):
        raise AnswerError(
            "trains in evaluation", "evaluate changes the parameters: no backward and no step belong there."
        )
    if any(training for training, _ in seen):
        raise AnswerError(
            "evaluated in training mode",
            "The model is in training mode: batch norm takes the statistics of the batch, and is changed by it, and "
            "dropout would act. model.eval() comes before the loop.",
        )
    if any(graph for _, graph in seen):
        raise AnswerError(
            "no_grad missing", "The numbers may be right, but a graph is built for every batch: put the loop under torch.no_grad()."
        )  # fmt: skip
    return {name: plain(score, "evaluate") for name, score in scores.items()}


def trained(
    i,
    calls=("zero", "backward", "step"),
    zero_first=False,
    step_last=False,
    training=True,
    into_loss=lambda logits: logits,
    reduction="mean",
    only_first=False,
    mean=over_examples,
):
    """Two epochs with one thing done differently: what the learner may have written."""
    from torch.nn import functional as F

    model, optimizer, loader = begin(i)
    model.train(training)
    means, after = [], []
    for _ in range(2):
        losses, counts = [], []
        if zero_first:
            optimizer.zero_grad()
        for x, y in loader:
            loss = F.cross_entropy(into_loss(model(x)), y, reduction=reduction)
            for call in calls:
                {"zero": optimizer.zero_grad, "backward": loss.backward, "step": optimizer.step}[call]()
            losses.append(loss.item() / (len(y) if reduction == "sum" else 1))
            counts.append(len(y))
            if only_first:
                break
        if step_last:
            optimizer.step()
        means.append(mean(losses, counts))
        after.append(parameters(model))
    return dict(zip(TRAINED, (means, np.stack(after))))


def evaluated(i, mean=over_examples, into_loss=lambda logits: logits):
    import torch
    from torch.nn import functional as F

    model, _, loader = begin(i)
    model.eval()
    losses, accuracies, counts = [], [], []
    with torch.no_grad():
        for x, y in loader:
            losses.append(F.cross_entropy(into_loss(model(x)), y).item())
            accuracies.append((model(x).argmax(dim=1) == y).numpy().mean())
            counts.append(len(y))
    return {"loss": mean(losses, counts), "accuracy": mean(accuracies, counts)}


def training_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: trained(i, **changes))


EXERCISE = Exercise(
    title="The training loop in PyTorch",
    torch=True,
    parts=(
        Part("train_epoch", examples, TRAINED, run=two_epochs, slips=(
            training_slip("zero_grad forgotten", "The gradients of all batches so far are added up: optimizer.zero_grad() comes "
                          "before each backward.", calls=("backward", "step")),
            training_slip("zero_grad once an epoch", "zero_grad is called once an epoch: the gradients of all its batches add "
                          "up. It belongs in the loop.", calls=("backward", "step"), zero_first=True),
            training_slip("trained in evaluation mode", "The model is not in training mode: an evaluation before may have switched "
                          "it off. model.train() comes first.", training=False),
            training_slip("softmax twice", "The loss gets probabilities: F.cross_entropy takes logits, and has the softmax in it.",
                          into_loss=lambda logits: logits.softmax(dim=1)),
            training_slip("sigmoid before the loss", "The loss gets sigmoids: F.cross_entropy takes logits, and has the softmax in it.",
                          into_loss=lambda logits: logits.sigmoid()),
            training_slip("gradient of the sum", "backward starts from the sum over the batch, not the mean: the steps are as many times "
                          "too long as the batch has rows.", reduction="sum"),
            training_slip("step once an epoch", "step comes once an epoch, with the gradient of the last batch: it belongs in the "
                          "loop.", calls=("zero", "backward"), step_last=True),
            training_slip("step once an epoch", "step comes once an epoch, with the gradients of all batches: it belongs in the loop.",
                          calls=("backward",), zero_first=True, step_last=True),
            training_slip("the first batch alone", "Only the first batch of each epoch is trained on: does a return stand in the loop?",
                          only_first=True),
            *(training_slip(cause, message, mean=mean) for cause, message, mean in AVERAGES),
        )),
        # int tensors divide to float32, so an accuracy may be right to seven digits alone
        Part("evaluate", more_examples, EVALUATED, run=one_evaluation, tolerance=1e-6, slips=(
            Slip("softmax twice", "The loss gets probabilities: F.cross_entropy takes logits, and has the softmax in it.",
                 lambda i: evaluated(i, into_loss=lambda logits: logits.softmax(dim=1))),
            *(Slip(cause, message, lambda i, mean=mean: evaluated(i, mean)) for cause, message, mean in AVERAGES),
        )),
    ),
    hints=(
        "model.train() first. For each batch: optimizer.zero_grad(), the loss, loss.backward(), optimizer.step().",
        "Not every batch is as large as the others: loss.item() * len(y) adds up to the sum over examples. Count them as you go.",
        "evaluate: model.eval(), then everything under `with torch.no_grad():`. (logits.argmax(dim=1) == y).sum().item() "
        "are the right ones of a batch.",
    ),
)  # fmt: skip
