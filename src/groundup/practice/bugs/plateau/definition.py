"""The optimizer was made while the body was frozen, and never hears of it again."""

from groundup.practice.bug import Bug
from groundup.practice.exercise import AnswerError
from groundup.practice.probes import some_digits


def measure(module, healthy, seed):
    import torch

    torch.manual_seed(seed)
    (x, y), validation = healthy.load(seed)
    model = healthy.network()
    module.train(model, x, y)
    return healthy.accuracy(model, *validation)


def probe(module, healthy, seed):
    """Every parameter must have moved."""
    import torch

    torch.manual_seed(seed)
    x, y = some_digits(healthy, seed)
    model = healthy.network()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    module.train(model, x, y)
    still = [name for name, p in model.named_parameters() if torch.equal(p, before[name])]
    if still:
        raise AnswerError(
            "never moves",
            f"From the first step to the last, nothing has moved in: {', '.join(still)}.",
        )


BUG = Bug(
    title="It gets better for a while, and stops far too early",
    fault="frozen layer: the optimizer does not know the parameters that were let go later",
    lesson="An optimizer moves what it was given, once. requires_grad decides whether a parameter gets a gradient, not "
    "whether anyone uses it. What gave it away: weights with a gradient that never move.",
    edits=(
        (
            "torch.optim.Adam(model.parameters(), lr=LR)",
            "torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=LR)",
        ),
    ),
    here=(
        "optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=LR)",
        "hold(model[0], still=False)",
    ),
    hints=(
        "Which weights move? `from groundup.practice import health`; print(health.moves(model, optimizer.step)) instead of "
        "optimizer.step(), in the last epoch.",
        "Do those that stay have a gradient? print(health.gradients(model)). If they have, who should use it? Count: "
        "sum(p.numel() for group in optimizer.param_groups for p in group['params']), and the same of model.parameters().",
        "When the optimizer was made, the body was held still: its parameters were left out of the list, and letting it go "
        "does not put them in.",
    ),
    metric="validation accuracy",
    measure=measure,
    enough=0.65,
    steps=184,
    probe=probe,
    torch=True,
)
