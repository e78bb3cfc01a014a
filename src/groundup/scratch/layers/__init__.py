"""Every layer, one family a file."""

from groundup.scratch.layers.activations import ReLU, Sigmoid, Tanh
from groundup.scratch.layers.convolution import Conv2d
from groundup.scratch.layers.linear import Linear
from groundup.scratch.layers.pooling import MaxPool2d
from groundup.scratch.layers.shape import Flatten

__all__ = ["Conv2d", "Flatten", "Linear", "MaxPool2d", "ReLU", "Sigmoid", "Tanh"]
