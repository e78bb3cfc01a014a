"""How good is a classifier? Loss, accuracy and confusion matrix on examples that it did not learn from."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_confusion_matrix


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model scored on one split of N examples of C classes."""

    loss: float  # cross-entropy, mean over N, in nats
    accuracy: float  # share of the N examples whose most likely class is the true one
    confusion: list[list[int]]  # (C, C): row true class, column predicted class
    logits: Tensor  # (N, C), on the CPU


@torch.inference_mode()
def evaluate(model: nn.Module, x: Tensor, y: Tensor, batch_size: int = 512) -> Evaluation:
    """Measure ``model`` in evaluation mode on inputs ``x`` (N, ...) with labels ``y`` (N,); its mode is kept.

    The memory needed does not grow with N but for the logits: the model sees ``batch_size`` examples at a time.
    """
    was_training = model.training
    model.eval()
    logits = torch.cat([model(batch) for batch in x.split(batch_size)]).float().cpu()
    model.train(was_training)
    y, classes = y.cpu(), logits.shape[1]
    return Evaluation(
        loss=F.cross_entropy(logits, y).item(),
        accuracy=multiclass_accuracy(logits, y, num_classes=classes, average="micro").item(),
        confusion=multiclass_confusion_matrix(logits, y, num_classes=classes).tolist(),
        logits=logits,
    )
