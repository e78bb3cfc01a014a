"""Every layer, one family a file."""

from groundup.scratch.layers.activations import ELU, SELU, LeakyReLU, PReLU, ReLU, Sigmoid, Softplus, Tanh
from groundup.scratch.layers.batch_norm import BatchNorm1d, BatchNorm2d
from groundup.scratch.layers.cells import GRUCell, LSTMCell, RNNCell
from groundup.scratch.layers.convolution import Conv2d
from groundup.scratch.layers.dropout import Dropout
from groundup.scratch.layers.embedding import Embedding, LearnedPositions, RotaryEmbedding, SinusoidalPositions
from groundup.scratch.layers.gated_activations import GELU, Hardswish, Mish, SiLU, SwiGLU
from groundup.scratch.layers.group_norm import GroupNorm, InstanceNorm1d, InstanceNorm2d
from groundup.scratch.layers.linear import Linear
from groundup.scratch.layers.normalization import LayerNorm, RMSNorm
from groundup.scratch.layers.pooling import MaxPool2d
from groundup.scratch.layers.recurrent import GRU, LSTM, RNN
from groundup.scratch.layers.shape import Flatten
from groundup.scratch.layers.softmax import LogSoftmax, Softmax

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "SELU",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GroupNorm",
    "Hardswish",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "LSTMCell",
    "LayerNorm",
    "LeakyReLU",
    "LearnedPositions",
    "Linear",
    "LogSoftmax",
    "MaxPool2d",
    "Mish",
    "PReLU",
    "RMSNorm",
    "RNNCell",
    "ReLU",
    "RotaryEmbedding",
    "SiLU",
    "Sigmoid",
    "SinusoidalPositions",
    "Softmax",
    "Softplus",
    "SwiGLU",
    "Tanh",
]
