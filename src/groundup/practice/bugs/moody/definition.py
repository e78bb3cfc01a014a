"""Dropout goes on while the network is measured."""

from groundup.practice.bug import Bug
from groundup.practice.exercise import AnswerError
from groundup.practice.probes import some_digits


def trained(module, healthy, x, y, validation, seed):
    """Return a network trained by the script, and in which modes it was trained."""
    import torch

    torch.manual_seed(seed)
    model, modes = healthy.network(), []

    def note(layer, *_):
        if torch.is_grad_enabled():
            modes.append(layer.training)

    handle = model[0].register_forward_hook(note)  # the first layer is a dropout
    module.train(model, x, y, validation)
    handle.remove()
    return model, modes


def measure(module, healthy, seed):
    (x, y), validation = healthy.load(seed)
    model, _ = trained(module, healthy, x, y, validation, seed)
    return module.accuracy(model, *validation)


def probe(module, healthy, seed):
    """Measured twice it must be the same, and right; while it learns, dropout must work."""
    (x, y), validation = healthy.load(seed)
    model, modes = trained(module, healthy, *some_digits(healthy, seed), validation, seed)
    model.train()  # as it is while it learns
    first, second = module.accuracy(model, x, y), module.accuracy(model, x, y)
    if first != second:
        raise AnswerError(
            "twice different",
            f"accuracy, asked twice about one network and the same digits, says {first:.3f} and {second:.3f}.",
        )
    right = healthy.accuracy(model, x, y)
    if abs(first - right) > 1e-6:
        raise AnswerError(
            "still at random", f"accuracy says {first:.3f}; the whole network, with nothing dropped, gets {right:.3f}."
        )
    if not all(modes):
        raise AnswerError(
            "not while it learns",
            "Now dropout does not work while the network learns: it was no fault there. After measuring, the network has "
            "to go on as before.",
        )
    drops = [layer.p for layer in module.network() if hasattr(layer, "p")]
    if drops != [layer.p for layer in healthy.network() if hasattr(layer, "p")]:
        raise AnswerError("no dropout", "The network has not the dropout that it had: that was no fault, leave it in.")


BUG = Bug(
    title="Asked twice, it answers twice",
    fault="dropout in evaluation: no model.eval()",
    lesson="Dropout and batch norm do one thing in training and another in evaluation, and don't know by themselves which "
    "it is: model.eval() before measuring, model.train() before going on. no_grad switches off gradients, not dropout.",
    edits=(("    model.eval()\n", ""),),
    here=(
        "return (model(x).argmax(dim=1) == y).float().mean().item()",
        "def accuracy(model, x, y):",
        "@torch.no_grad()",
    ),
    hints=(
        "A function of the same network and the same digits should say the same: `from groundup.practice import health`; "
        "print(health.same_twice(lambda: model(x))). Where does chance come in?",
        "Which layers of the network draw random numbers, and when should they? print(model.training) in accuracy.",
        "Dropout is for learning. torch.no_grad() does not stop it; what does? (And who starts it again?)",
    ),
    metric="validation accuracy, as the script measures it",
    measure=measure,
    enough=0.74,
    steps=276,
    probe=probe,
    torch=True,
)
