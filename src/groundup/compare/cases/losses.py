"""Losses."""

from torch import nn

from groundup import scratch as gu
from groundup.compare.case import each_reduction, labels, normal

CASES = [
    *each_reduction(gu.CrossEntropy, nn.CrossEntropyLoss, normal(11, 7), labels(11, classes=7)),
    *each_reduction(gu.MSE, nn.MSELoss, normal(11, 7), normal(11, 7)),
]
