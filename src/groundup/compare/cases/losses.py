"""Losses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from groundup import scratch as gu
from groundup.compare.case import Input, LayerCase, each_reduction, labels, layer, normal


def given(*values: Any) -> Input:
    """Return an input that is always the same."""
    return lambda rng: np.array(values)


def uniform(*shape: int) -> Input:
    """Return an input of independent values in 0 to 1."""
    return lambda rng: rng.random(shape)


def signs(*shape: int) -> Input:
    return lambda rng: rng.choice([-1, 1], shape)


def probabilities(*shape: int, axis: int = -1, zeros: bool = True) -> Input:
    """Return distributions along an axis; a fifth of the classes are impossible if ``zeros``."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        p = rng.random(shape) * (rng.random(shape) > 0.2 * zeros) + 1e-3 * (not zeros)
        return p / np.maximum(p.sum(axis=axis, keepdims=True), 1e-3)

    return draw


def log_probabilities(*shape: int) -> Input:
    return lambda rng: gu.log_softmax(rng.standard_normal(shape))


def tensors(twin: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """Return a builder that takes weights as lists."""
    return lambda **options: twin(
        **{name: torch.tensor(o, dtype=torch.double) if isinstance(o, list) else o for name, o in options.items()}
    )


def composed(cases: list[LayerCase]) -> list[LayerCase]:
    """Say of lines that PyTorch has no such module."""
    evidence = "PyTorch has no module: the twin is the formula composed of its functions, its gradient autograd's"
    return [replace(case, evidence=evidence) for case in cases]


class Reduced(nn.Module):
    """A formula composed of PyTorch's functions, and its reduction."""

    def __init__(self, reduction: str, **options: Any) -> None:
        super().__init__()
        self.reduction, self.options = reduction, options

    def losses(self, *inputs: Any) -> Any:
        raise NotImplementedError

    def forward(self, *inputs):
        losses = self.losses(*inputs, **self.options)
        return losses if self.reduction == "none" else getattr(losses, self.reduction)()


class HingeTwin(Reduced):
    def losses(self, scores, target, margin=1.0):
        return torch.clamp(margin - target * scores, min=0)


class FocalTwin(Reduced):
    def losses(self, logits, target, gamma=2.0, alpha=0.25):
        target = target.to(logits.dtype)
        p, surprise = torch.sigmoid(logits), F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        losses = surprise * (1 - p * target - (1 - p) * (1 - target)) ** gamma
        return losses if alpha is None else losses * (alpha * target + (1 - alpha) * (1 - target))


class NegativeSamplingTwin(Reduced):
    def losses(self, center, context):
        scores = torch.einsum("nkd,nd->nk", context, center)
        return -F.logsigmoid(scores[:, 0]) - F.logsigmoid(-scores[:, 1:]).sum(dim=1)


class KLDivergenceTwin(nn.KLDivLoss):
    """PyTorch's, but silent: its "mean" warns at every call that it divides by the number of elements."""

    def forward(self, log_q, target):
        if self.reduction != "mean":
            return super().forward(log_q, target)
        return F.kl_div(log_q, target, reduction="none", log_target=self.log_target).mean()


class CTCTwin(nn.CTCLoss):
    """PyTorch's loss, less the exp(log_probs) by which its gradient exceeds the derivative.

    ``excess`` has the value 0 and the gradient exp(log_probs) within each input length.
    """

    def forward(self, log_probs, targets, input_lengths, target_lengths):
        losses = F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, "none", zero_infinity=self.zero_infinity
        )
        within = torch.arange(len(log_probs))[:, None, None] < input_lengths[:, None]
        excess = (within * log_probs.detach().exp() * (log_probs - log_probs.detach())).sum((0, 2))
        losses = losses - excess
        if self.reduction == "mean":
            return (losses / target_lengths.clamp(min=1)).mean()
        return losses.sum() if self.reduction == "sum" else losses


class LogSoftmaxCTC(gu.Loss):
    """CTC of logits: after a log-softmax, where PyTorch's gradient needs no correction."""

    def __init__(self, reduction: str) -> None:
        super().__init__(reduction)
        self.ctc = gu.CTC(reduction, blank=2)

    def forward(self, logits, *rest):
        log_p = gu.log_softmax(logits)
        self.remember(log_p)
        return self.ctc(log_p, *rest)

    def backward(self, dloss=1.0):
        dlog_p, p = self.ctc.backward(dloss), np.exp(self.recall())
        return dlog_p - p * dlog_p.sum(axis=-1, keepdims=True)


class LogSoftmaxCTCTwin(nn.CTCLoss):
    def forward(self, logits, *rest):
        return super().forward(logits.log_softmax(-1), *rest)


WEIGHT = [0.5, 1.7, 0.3, 2.3, 1.1, 0.9, 1.3]

# Blank is 2: repeated symbols, a target that just fits its input, no repeats, an empty one.
SEQUENCES = (
    given([0, 0, 1, 3, 3], [4, 4, 0, 1, 1], [1, 3, 0, 4, 0], [1, 1, 1, 1, 1]),
    given(11, 7, 9, 5),
    given(5, 5, 3, 0),
)

CASES = [
    *each_reduction(gu.CrossEntropy, nn.CrossEntropyLoss, normal(11, 7), labels(11, classes=7)),
    *each_reduction(
        gu.CrossEntropy,
        tensors(nn.CrossEntropyLoss),
        normal(5, 7, 2, 3),
        labels(5, 2, 3, classes=7),
        label="class weights, extra axes, one label ignored",
        weight=WEIGHT,
        ignore_index=4,
    ),
    *each_reduction(
        gu.CrossEntropy,
        tensors(nn.CrossEntropyLoss),
        normal(11, 7, 2),
        labels(11, 2, classes=7),
        label="smoothed, class weights, one label ignored",
        weight=WEIGHT,
        ignore_index=4,
        label_smoothing=0.3,
    ),
    *each_reduction(
        gu.CrossEntropy,
        nn.CrossEntropyLoss,
        normal(11, 7),
        labels(11, classes=7),
        label="smoothed",
        label_smoothing=0.1,
    ),
    *each_reduction(
        gu.CrossEntropy,
        tensors(nn.CrossEntropyLoss),
        normal(5, 7, 3),
        probabilities(5, 7, 3, axis=1),
        label="soft targets, smoothed, class weights",
        weight=WEIGHT,
        label_smoothing=0.2,
    ),
    *each_reduction(gu.CrossEntropy, nn.CrossEntropyLoss, normal(11, 7), probabilities(11, 7), label="soft targets"),
    *each_reduction(gu.NLL, nn.NLLLoss, normal(11, 7), labels(11, classes=7)),
    *each_reduction(
        gu.NLL,
        tensors(nn.NLLLoss),
        normal(5, 7, 2, 3),
        labels(5, 2, 3, classes=7),
        label="class weights, extra axes, one label ignored",
        weight=WEIGHT,
        ignore_index=4,
    ),
    *each_reduction(gu.MSE, nn.MSELoss, normal(11, 7), normal(11, 7)),
    *each_reduction(gu.L1, nn.L1Loss, normal(11, 7), normal(11, 7)),
    *each_reduction(gu.Huber, nn.HuberLoss, normal(11, 7), normal(11, 7)),
    *each_reduction(gu.Huber, nn.HuberLoss, normal(11, 7), normal(11, 7), label="narrow", delta=0.3),
    *each_reduction(gu.BCEWithLogits, nn.BCEWithLogitsLoss, normal(11, 7), uniform(11, 7)),
    *each_reduction(
        gu.BCEWithLogits,
        tensors(nn.BCEWithLogitsLoss),
        normal(11, 7),
        uniform(11, 7),
        label="weights",
        pos_weight=WEIGHT,
        weight=[[w] for w in [*WEIGHT, 0.7, 3.1, 1.9, 0.0]],
    ),
    *composed(each_reduction(gu.Focal, FocalTwin, normal(11, 7), labels(11, 7, classes=2))),
    *composed(
        each_reduction(
            gu.Focal,
            FocalTwin,
            normal(11, 7),
            labels(11, 7, classes=2),
            label="gamma 1.5, no alpha",
            gamma=1.5,
            alpha=None,
        )
    ),
    *composed(
        each_reduction(
            gu.Focal,
            FocalTwin,
            normal(11, 7),
            labels(11, 7, classes=2),
            label="gamma 0, alpha 0.6",
            gamma=0.0,
            alpha=0.6,
        )
    ),
    *composed(each_reduction(gu.Hinge, HingeTwin, normal(11, 7), signs(11, 7))),
    *composed(each_reduction(gu.Hinge, HingeTwin, normal(11, 7), signs(11, 7), label="margin 0.3", margin=0.3)),
    *each_reduction(gu.KLDivergence, KLDivergenceTwin, log_probabilities(11, 7), probabilities(11, 7)),
    *each_reduction(
        gu.KLDivergence,
        KLDivergenceTwin,
        log_probabilities(11, 7),
        log_probabilities(11, 7),
        label="targets as logarithms",
        log_target=True,
    ),
    layer(
        gu.KLDivergence,
        lambda rng: gu.KLDivergence("batchmean"),
        log_probabilities(11, 7),
        probabilities(11, 7),
        twin=lambda: nn.KLDivLoss(reduction="batchmean"),
        label="batchmean",
    ),
    *each_reduction(gu.CosineEmbedding, nn.CosineEmbeddingLoss, normal(11, 7), normal(11, 7), signs(11)),
    *each_reduction(
        gu.CosineEmbedding,
        nn.CosineEmbeddingLoss,
        normal(11, 7),
        normal(11, 7),
        signs(11),
        label="margin -0.3",
        margin=-0.3,
    ),
    *each_reduction(gu.TripletMargin, nn.TripletMarginLoss, normal(11, 7), normal(11, 7), normal(11, 7)),
    *each_reduction(
        gu.TripletMargin,
        nn.TripletMarginLoss,
        normal(11, 7),
        normal(11, 7),
        normal(11, 7),
        label="margin 0.3",
        margin=0.3,
    ),
    *composed(each_reduction(gu.NegativeSampling, NegativeSamplingTwin, normal(11, 7), normal(11, 4, 7))),
    *each_reduction(gu.CTC, CTCTwin, log_probabilities(11, 4, 5), *SEQUENCES, label="any numbers", blank=2),
    *(
        layer(
            gu.CTC,
            lambda rng, reduction=reduction: LogSoftmaxCTC(reduction),
            normal(11, 4, 5),
            *SEQUENCES,
            twin=lambda reduction=reduction: LogSoftmaxCTCTwin(blank=2, reduction=reduction),
            label=f"after log-softmax, {reduction}",
        )
        for reduction in ("mean", "sum", "none")
    ),
]
