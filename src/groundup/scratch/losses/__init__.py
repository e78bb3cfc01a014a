"""Losses: one number that says how wrong the predictions are.

Each takes predictions and targets and, with ``reduction="mean"`` (the default), ``"sum"`` or ``"none"``, returns
the mean, the sum or one loss for each example. ``backward(dloss)`` returns the gradient with respect to the
predictions; the gradient is always that of the number that was returned.

============================  =========================================  ====================
to predict                    choose                                     file
============================  =========================================  ====================
a number                      MSE; with outliers, Huber or L1            ``regression.py``
one of C classes              CrossEntropy (NLL after a log-softmax)     ``cross_entropy.py``
yes or no, or several at once BCEWithLogits; Focal when yes is rare;     ``binary.py``
                              Hinge for a wide margin
a distribution                KLDivergence                               ``divergence.py``
what resembles what           CosineEmbedding, TripletMargin             ``metric.py``
which word was really there   NegativeSampling                           ``negative_sampling.py``
a sequence without alignment  CTC                                        ``ctc.py``
============================  =========================================  ====================

``per_token.py`` applies one of them to every place of a sequence. What all of them share is in ``loss.py``. If you read
only one, read ``MSE`` first and then ``CrossEntropy``.
"""

from groundup.scratch.losses.binary import BCEWithLogits, Focal, Hinge
from groundup.scratch.losses.cross_entropy import NLL, CrossEntropy, log_softmax, logsumexp
from groundup.scratch.losses.ctc import CTC
from groundup.scratch.losses.divergence import KLDivergence
from groundup.scratch.losses.loss import Loss
from groundup.scratch.losses.metric import CosineEmbedding, TripletMargin
from groundup.scratch.losses.negative_sampling import NegativeSampling
from groundup.scratch.losses.regression import L1, MSE, Huber

__all__ = [
    "CTC",
    "L1",
    "MSE",
    "NLL",
    "BCEWithLogits",
    "CosineEmbedding",
    "CrossEntropy",
    "Focal",
    "Hinge",
    "Huber",
    "KLDivergence",
    "Loss",
    "NegativeSampling",
    "TripletMargin",
    "log_softmax",
    "logsumexp",
]
