"""How good is a classifier? Everything that can be said from its logits (N, C) and the true labels (N,).

Counts per class are scikit-learn's; what is written out here is a line or two of the formula that it stands under, and
the tests hold it equal to torchmetrics.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def accuracy(logits: Tensor, labels: Tensor, k: int = 1) -> float:
    """Return the top-k accuracy: the share of the examples whose true class is among the k with the largest logits."""
    if not 1 <= k <= logits.shape[1]:
        raise ValueError(f"got k = {k} for {logits.shape[1]} classes, expected from 1 to {logits.shape[1]}")
    return (logits.topk(k).indices == labels[:, None]).any(dim=1).double().mean().item()


def confusion(logits: Tensor, labels: Tensor) -> Tensor:
    """Return how often each class (row) was taken for each class (column): counts (C, C), int64."""
    C = logits.shape[1]
    return torch.bincount(labels * C + logits.argmax(dim=1), minlength=C * C).reshape(C, C)


def perplexity(loss: float) -> float:
    """Return exp(loss) for a mean cross-entropy in nats: as unsure as a fair choice among so many.

    Infinite where the exponential is beyond the range of floating-point numbers.
    """
    return math.exp(loss) if loss < 709 else math.inf


def calibration(logits: Tensor, labels: Tensor, bins: int = 15) -> dict[str, Any]:
    """Compare how sure the model is with how often it is right.

    The confidence of a prediction is the probability of its class, the largest of the softmax. The predictions are put
    into ``bins`` of equal width by confidence; in each, an honest model is right as often as it is confident.

    - expected calibration error: ECE = Σ_b n_b / N · |accuracy_b - confidence_b| (Naeini et al. 2015; Guo et al. 2017,
      "On calibration of modern neural networks", section 2, equation 3);
    - maximum calibration error: the largest gap of any bin that is not empty (equation 5).

    Returns
    -------
    ``ece`` and ``mce``, and for each bin that is not empty its ``confidence`` (mean), ``accuracy``, ``count`` and the
    bin's ``from`` and ``to``.
    """
    confidence, predicted = logits.double().softmax(dim=1).max(dim=1)
    right = (predicted == labels).double()
    # Bin b holds confidences from b/B up to, not including, (b+1)/B; the last one holds 1 as well.
    place = (confidence * bins).long().clamp(max=bins - 1)
    count = torch.bincount(place, minlength=bins)
    sums = {name: torch.bincount(place, part, bins) for name, part in (("conf", confidence), ("right", right))}
    filled = count.nonzero()[:, 0]
    mean_confidence, share_right = (sums[name][filled] / count[filled] for name in ("conf", "right"))
    gaps = (share_right - mean_confidence).abs()
    return {
        "ece": float((gaps * count[filled]).sum() / len(labels)),
        "mce": float(gaps.max()),
        "bins": [
            {"from": b / bins, "to": (b + 1) / bins, "confidence": c, "accuracy": a, "count": n}
            for b, c, a, n in zip(*(t.tolist() for t in (filled, mean_confidence, share_right, count[filled])))
        ],
    }


def per_class(logits: Tensor, labels: Tensor, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return for each class what became of it.

    - precision: of the examples that were called so, the share that is so; None where none was called so;
    - recall: of the examples that are so, the share that was called so; None where there are none;
    - F1: the harmonic mean of the two, 2 P R / (P + R); None where precision and recall are;
    - support: the number of examples that are so.
    """
    from sklearn.metrics import precision_recall_fscore_support

    numbers = range(len(classes))
    undefined: Any = math.nan  # not 0, which would look like a measurement; scikit-learn's annotation forgets it
    columns: Any = precision_recall_fscore_support(
        labels.numpy(), logits.argmax(dim=1).numpy(), labels=list(numbers), zero_division=undefined
    )
    return [
        {"class": name}
        | {key: _known(column[i]) for key, column in zip(("precision", "recall", "f1"), columns)}
        | {"support": int(columns[3][i])}
        for i, name in zip(numbers, classes)
    ]


def classification(logits: Tensor, labels: Tensor, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return every measure of this file for predictions on one split.

    The ``macro_f1`` is the mean over the classes that have one, each class counting the same, however rare it is.
    """
    loss = F.cross_entropy(logits.double(), labels).item()
    report = per_class(logits, labels, classes)
    scores = [row["f1"] for row in report if row["f1"] is not None]
    return {
        "examples": len(labels),
        "loss": loss,
        "perplexity": perplexity(loss),
        "accuracy": accuracy(logits, labels),
        **({"top5_accuracy": accuracy(logits, labels, k=5)} if len(classes) > 5 else {}),
        "macro_f1": sum(scores) / len(scores) if scores else None,
        "calibration": calibration(logits, labels),
        "per_class": report,
        "confusion": confusion(logits, labels).tolist(),
    }


def _known(value: Any) -> float | None:
    return None if math.isnan(value) else float(value)
