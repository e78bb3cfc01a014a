"""From a configuration to torch's optimizers."""

from typing import Any

from torch import nn, optim

from groundup.training.config import OptimizerConfig


def make_optimizer(config: OptimizerConfig, model: nn.Module) -> optim.Optimizer:
    """Return the optimizer that ``config`` names, for all weights of ``model`` that learn.

    With ``decay="matrices"``, weights of one axis (biases, scales of normalisation) are in a group of their own, whose
    weight decay is zero: they do not multiply inputs with one another, and pulling them to zero only weakens signals.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    if config.decay == "all":
        groups: list[dict[str, Any]] = [{"params": weights}]
    else:
        groups = [
            {"params": [weight for weight in weights if weight.ndim >= 2]},
            {"params": [weight for weight in weights if weight.ndim < 2], "weight_decay": 0.0},
        ]
        groups = [group for group in groups if group["params"]]
    rest: dict[str, Any] = {"lr": config.lr, "weight_decay": config.weight_decay}
    match config.name:
        case "sgd":
            return optim.SGD(groups, momentum=config.momentum, nesterov=config.nesterov, **rest)
        case "rmsprop":
            return optim.RMSprop(groups, momentum=config.momentum, eps=config.eps, **rest)
        case "adagrad":
            return optim.Adagrad(groups, eps=config.eps, **rest)
        case "adam" | "adamw" | "nadam":
            kinds = {"adam": optim.Adam, "adamw": optim.AdamW, "nadam": optim.NAdam}
            return kinds[config.name](groups, betas=config.betas, eps=config.eps, **rest)
