"""Whole networks, built from the layers of this package."""

from groundup.scratch.models.gpt import GPT
from groundup.scratch.models.lenet import lenet, small_cnn
from groundup.scratch.models.mlp import mlp

__all__ = ["GPT", "lenet", "mlp", "small_cnn"]
