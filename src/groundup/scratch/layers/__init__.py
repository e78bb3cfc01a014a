"""Every layer, one family a file."""

from groundup.scratch.layers.activations import ELU, SELU, LeakyReLU, PReLU, ReLU, Sigmoid, Softplus, Tanh
from groundup.scratch.layers.attention import GroupedQueryAttention, MultiHeadAttention
from groundup.scratch.layers.batch_norm import BatchNorm1d, BatchNorm2d
from groundup.scratch.layers.cells import GRUCell, LSTMCell, RNNCell
from groundup.scratch.layers.convolution import Conv1d, Conv2d
from groundup.scratch.layers.dropout import Dropout
from groundup.scratch.layers.embedding import Embedding, LearnedPositions, RotaryEmbedding, SinusoidalPositions
from groundup.scratch.layers.gated_activations import GELU, Hardswish, Mish, SiLU, SwiGLU
from groundup.scratch.layers.group_norm import GroupNorm, InstanceNorm1d, InstanceNorm2d
from groundup.scratch.layers.key_value_cache import KeyValueCache
from groundup.scratch.layers.linear import Linear
from groundup.scratch.layers.normalization import LayerNorm, RMSNorm
from groundup.scratch.layers.pooling import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d
from groundup.scratch.layers.recurrent import GRU, LSTM, RNN
from groundup.scratch.layers.shape import Flatten
from groundup.scratch.layers.softmax import LogSoftmax, Softmax
from groundup.scratch.layers.transformer import TransformerDecoderLayer, TransformerEncoderLayer
from groundup.scratch.layers.transposed_convolution import ConvTranspose2d
from groundup.scratch.layers.upsampling import Upsample

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "SELU",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GroupNorm",
    "GroupedQueryAttention",
    "Hardswish",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "KeyValueCache",
    "LSTMCell",
    "LayerNorm",
    "LeakyReLU",
    "LearnedPositions",
    "Linear",
    "LogSoftmax",
    "MaxPool2d",
    "Mish",
    "MultiHeadAttention",
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
    "TransformerDecoderLayer",
    "TransformerEncoderLayer",
    "Upsample",
]
