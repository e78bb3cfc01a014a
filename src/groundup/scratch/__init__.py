"""Part 1: neural networks by hand, with NumPy and the standard library alone.

The mathematics of each component is a pair of pure functions, ``name_forward`` and ``name_backward``, side by side
in the file of its family; a thin layer holds the parameters and passes the cache between them.
"""

from groundup.scratch import initializers
from groundup.scratch.batching import batches
from groundup.scratch.gradcheck import GradientReport, check_gradients, numerical_gradient, relative_error
from groundup.scratch.layer import Layer, Residual, Sequential
from groundup.scratch.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sigmoid, Tanh
from groundup.scratch.losses import MSE, CrossEntropy, Loss
from groundup.scratch.memory import keep_freed_memory
from groundup.scratch.optimizers import SGD, Adam, Optimizer
from groundup.scratch.parameter import Parameter, flatten
from groundup.scratch.saving import load, save
from groundup.scratch.trainer import Diverged, Epoch, accuracy, fit, history_dict, predict

__all__ = [
    "MSE",
    "SGD",
    "Adam",
    "Conv2d",
    "CrossEntropy",
    "Diverged",
    "Epoch",
    "Flatten",
    "GradientReport",
    "Layer",
    "Linear",
    "Loss",
    "MaxPool2d",
    "Optimizer",
    "Parameter",
    "ReLU",
    "Residual",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "accuracy",
    "batches",
    "check_gradients",
    "fit",
    "flatten",
    "history_dict",
    "initializers",
    "keep_freed_memory",
    "load",
    "numerical_gradient",
    "predict",
    "relative_error",
    "save",
]
