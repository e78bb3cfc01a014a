"""Optimizers, clipping, and the average of weights.

Where something only works together with an optimizer (clipping, averaging), it is proved in the company of SGD: the
classes below do on each side, in one ``step``, what a training loop would do in two lines.
"""

from unittest import mock

import torch
from torch import nn, optim
from torch.nn import utils
from torch.optim import swa_utils

from groundup import scratch as gu
from groundup.compare.case import OptimizerCase

MATRICES = ((5, 7), (11, 3), (2, 2))


class LionInTorch(optim.Optimizer):
    """PyTorch has no Lion: Chen et al. 2023, algorithm 2, line by line."""

    def __init__(self, parameters, lr, betas, weight_decay):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            lr, (b1, b2), decay = group["lr"], group["betas"], group["weight_decay"]
            for p in group["params"]:
                state = self.state[p]
                m = state.setdefault("exp_avg", torch.zeros_like(p))
                c = b1 * m + (1 - b1) * p.grad
                p -= lr * (torch.sign(c) + decay * p)
                state["exp_avg"] = b2 * m + (1 - b2) * p.grad


class MuonInFloat64(optim.Muon):
    """PyTorch's own Muon, without its rounding of the momentum to bfloat16, which leaves two to three digits."""

    def step(self, closure=None):
        with mock.patch.object(torch.Tensor, "bfloat16", torch.Tensor.clone):
            return super().step(closure)


class ClippedByNorm(gu.SGD):
    def step(self):
        self.norm = gu.clip_grad_norm(self.parameters, 3.0)
        super().step()


class ClippedByNormInTorch(optim.SGD):
    def step(self, closure=None):
        parameters = self.param_groups[0]["params"]
        norm = utils.clip_grad_norm_(parameters, 3.0)
        for p in parameters:
            self.state[p]["norm"] = norm
        return super().step(closure)


class ClippedByValue(gu.SGD):
    def step(self):
        gu.clip_grad_value(self.parameters, 0.7)
        super().step()


class ClippedByValueInTorch(optim.SGD):
    def step(self, closure=None):
        utils.clip_grad_value_(self.param_groups[0]["params"], 0.7)
        return super().step(closure)


class Averaged(gu.SGD):
    """SGD with an average of its weights, which is part of its state."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, lr)
        self.averaged = gu.WeightAverage(self.parameters, decay=0.9)

    @property
    def average(self):
        return [x for a in self.averaged.average for x in a.ravel()]

    def step(self):
        super().step()
        self.averaged.update()

    def state_dict(self):
        return super().state_dict() | {f"averaged.{name}": v for name, v in self.averaged.state_dict().items()}

    def load_state_dict(self, state):
        mine = "averaged."
        super().load_state_dict({name: v for name, v in state.items() if not name.startswith(mine)})
        self.averaged.load_state_dict({n.removeprefix(mine): v for n, v in state.items() if n.startswith(mine)})


class AveragedInTorch(optim.SGD):
    def __init__(self, parameters, lr):
        super().__init__(parameters, lr)
        self.weights = list(parameters)
        self.model = nn.ParameterList(self.weights)
        self.averaged = swa_utils.AveragedModel(self.model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.9))

    def step(self, closure=None):
        super().step(closure)
        self.averaged.update_parameters(self.model)
        for p, average in zip(self.weights, self.averaged.module.parameters()):
            self.state[p]["average"] = average.detach()


def same(component, twin, state, label="", evidence="", shapes=None, **options) -> OptimizerCase:
    """One line: the same options for both."""
    more = {"shapes": shapes} if shapes else {}
    return OptimizerCase(
        component,
        lambda p: component(p, **options),
        lambda p: twin(p, **options),
        state,
        evidence,
        label,
        **more,
    )


def two_groups(p):
    """AdamW with decay for matrices and none for the rest."""
    return gu.Combined(
        gu.AdamW([x for x in p if len(x.shape) >= 2], lr=0.02, weight_decay=0.3),
        gu.AdamW([x for x in p if len(x.shape) < 2], lr=0.01, weight_decay=0.0),
    )


def two_groups_in_torch(p):
    return optim.AdamW(
        [
            {"params": [x for x in p if x.ndim >= 2], "lr": 0.02, "weight_decay": 0.3},
            {"params": [x for x in p if x.ndim < 2], "lr": 0.01, "weight_decay": 0.0},
        ]
    )


STEPS = {"steps": "step"}
ADAM = STEPS | {"m": "exp_avg", "v": "exp_avg_sq"}
NADAM = ADAM | {"mu_product": "mu_product"}
TOTAL = STEPS | {"total": "sum"}
SQUARES = STEPS | {"v": "square_avg"}
VELOCITY = {"velocity": "momentum_buffer"}
LION_NOTE = "PyTorch has no Lion: the twin is algorithm 2 of the paper, written with tensors"
MUON_NOTE = (
    "PyTorch rounds the momentum to bfloat16 before it makes it orthogonal, which leaves two to three digits; "
    "the twin is PyTorch's own class with that rounding taken out"
)

CASES = [
    same(gu.SGD, optim.SGD, {}, lr=0.1),
    same(gu.SGD, optim.SGD, VELOCITY, "momentum, weight decay", lr=0.05, momentum=0.9, weight_decay=0.1),
    same(gu.SGD, optim.SGD, VELOCITY, "dampening", lr=0.05, momentum=0.8, dampening=0.3),
    same(gu.SGD, optim.SGD, VELOCITY, "Nesterov", lr=0.05, momentum=0.9, nesterov=True),
    same(gu.Adagrad, optim.Adagrad, TOTAL, lr=0.1),
    same(
        gu.Adagrad, optim.Adagrad, TOTAL, "every option",
        lr=0.1, lr_decay=0.2, weight_decay=0.1, initial_accumulator_value=0.3, eps=1e-3,
    ),
    same(gu.RMSprop, optim.RMSprop, SQUARES, lr=0.01),
    same(
        gu.RMSprop, optim.RMSprop, SQUARES | VELOCITY | {"mean": "grad_avg"}, "centered, momentum",
        lr=0.02, alpha=0.8, eps=1e-3, weight_decay=0.1, momentum=0.7, centered=True,
    ),
    same(gu.Adadelta, optim.Adadelta, SQUARES | {"d": "acc_delta"}),
    same(
        gu.Adadelta, optim.Adadelta, SQUARES | {"d": "acc_delta"}, "every option",
        lr=0.5, rho=0.7, eps=1e-3, weight_decay=0.1,
    ),
    same(gu.Adam, optim.Adam, ADAM, lr=0.01),
    same(gu.Adam, optim.Adam, ADAM, "betas, eps, weight decay",
         lr=0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1),
    same(gu.AdamW, optim.AdamW, ADAM, lr=0.01),
    same(gu.AdamW, optim.AdamW, ADAM, "every option", lr=0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.3),
    same(gu.NAdam, optim.NAdam, NADAM, lr=0.01),
    same(gu.NAdam, optim.NAdam, NADAM, "every option",
         lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1, momentum_decay=0.1, decoupled_weight_decay=True),
    same(gu.RAdam, optim.RAdam, ADAM, lr=0.01),
    same(gu.RAdam, optim.RAdam, ADAM, "every option",
         lr=0.02, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.1, decoupled_weight_decay=True),
    same(gu.Lion, LionInTorch, {"m": "exp_avg"}, evidence=LION_NOTE, lr=0.01, betas=(0.9, 0.99), weight_decay=0.1),
    same(gu.Muon, MuonInFloat64, {"m": "momentum_buffer"}, evidence=MUON_NOTE, shapes=MATRICES, lr=0.02),
    same(gu.Muon, MuonInFloat64, {"m": "momentum_buffer"}, "as large as AdamW's steps, no Nesterov", MUON_NOTE,
         shapes=MATRICES, lr=0.02, weight_decay=0.0, momentum=0.8, nesterov=False, eps=1.0, ns_steps=3,
         ns_coefficients=(2.0, -1.5, 0.5), adjust_lr_fn="match_rms_adamw"),
    OptimizerCase(gu.Combined, two_groups, two_groups_in_torch, {}, label="two groups of AdamW"),
    OptimizerCase(gu.clip_grad_norm, lambda p: ClippedByNorm(p, lr=0.1), lambda p: ClippedByNormInTorch(p, lr=0.1),
                  {"norm": "norm"}, "the twin is PyTorch's clip_grad_norm_, then its SGD", "then SGD"),
    OptimizerCase(gu.clip_grad_value, lambda p: ClippedByValue(p, lr=0.1), lambda p: ClippedByValueInTorch(p, lr=0.1),
                  {}, "the twin is PyTorch's clip_grad_value_, then its SGD", "then SGD"),
    OptimizerCase(gu.WeightAverage, lambda p: Averaged(p, lr=0.1), lambda p: AveragedInTorch(p, lr=0.1),
                  {"average": "average"},
                  "the twin is PyTorch's SGD and AveragedModel with get_ema_multi_avg_fn", "of SGD"),
]  # fmt: skip
