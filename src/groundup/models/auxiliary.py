"""A model that classifies at several depths: what it returns in training, and the loss of that.

Deep in a network the gradient may arrive weak. GoogLeNet (Szegedy et al., 2015, section 5) puts small classifiers
halfway: they guess the same labels from the features found so far, which brings a gradient there at once. They are
used in training alone. Whoever trains needs to know nothing of it:

    loss = total_loss(model(x), lambda logits: F.cross_entropy(logits, y))
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor


class Classifiers(NamedTuple):
    """What such a model returns in training mode; in evaluation mode it returns the logits alone."""

    logits: Tensor  # (N, classes), of the classifier at the end
    auxiliary: tuple[Tensor, ...]  # (N, classes) each, of those before it
    weight: float  # of each of their losses in the sum


def total_loss(output: Tensor | Classifiers, loss: Callable[[Tensor], Tensor]) -> Tensor:
    """Return ``loss(logits)``, plus the weighted losses of the auxiliary classifiers where there are any.

    Parameters
    ----------
    output : what an image model returned: logits (N, classes), or :class:`Classifiers`.
    loss : logits -> a tensor of shape ().
    """
    if not isinstance(output, Classifiers):
        return loss(output)
    return loss(output.logits) + output.weight * sum(loss(logits) for logits in output.auxiliary)
