"""Networks that exist twice: by hand and in PyTorch, with the same data, loss and optimizer.

The two builders of a workload import their own engine only, so that a process which times one never loads the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Workload:
    """A network, its data and how it is trained.

    Attributes
    ----------
    name, about : what it is called, and one sentence on what it is.
    batch_size : examples a step.
    data : draws the examples (x, labels) from a generator.
    by_hand : (rng, dtype) to (model, loss, optimizer) of ``groundup.scratch``.
    in_torch : () to (model, loss, make_optimizer) of ``torch``.
    """

    name: str
    about: str
    batch_size: int
    data: Callable[[np.random.Generator], tuple[Array, Array]]
    by_hand: Callable[[np.random.Generator, Any], tuple[Any, Any, Any]]
    in_torch: Callable[[], tuple[Any, Any, Callable[[Any], Any]]]


def digits(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return the training images (N, 1, 8, 8) and labels of the bundled digits."""
    from groundup import data

    train = data.load("digits").train
    return train.x, train.y


def mlp_by_hand(rng: np.random.Generator, dtype: Any) -> tuple[Any, Any, Any]:
    from groundup.scratch import Adam, CrossEntropy
    from groundup.scratch.models import mlp

    model = mlp([64, 128, 64, 10], rng=rng, dtype=dtype)
    return model, CrossEntropy(), Adam(model.parameters(), lr=1e-3)


def mlp_in_torch() -> tuple[Any, Any, Callable[[Any], Any]]:
    from torch import nn, optim

    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    return model, nn.CrossEntropyLoss(), lambda parameters: optim.Adam(parameters, lr=1e-3)


def cnn_by_hand(rng: np.random.Generator, dtype: Any) -> tuple[Any, Any, Any]:
    from groundup.scratch import SGD, CrossEntropy
    from groundup.scratch.models import small_cnn

    model = small_cnn(rng=rng, dtype=dtype)
    return model, CrossEntropy(), SGD(model.parameters(), lr=0.05, momentum=0.9)


def cnn_in_torch() -> tuple[Any, Any, Callable[[Any], Any]]:
    from torch import nn, optim

    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    return model, nn.CrossEntropyLoss(), lambda parameters: optim.SGD(parameters, lr=0.05, momentum=0.9)


def batchnorm_by_hand(rng: np.random.Generator, dtype: Any) -> tuple[Any, Any, Any]:
    from groundup.scratch import (
        SGD,
        BatchNorm1d,
        BatchNorm2d,
        Conv2d,
        CrossEntropy,
        Flatten,
        Linear,
        MaxPool2d,
        ReLU,
        Sequential,
    )

    model = Sequential(
        Conv2d(1, 8, 3, padding=1, bias=False, rng=rng, dtype=dtype),  # the norm subtracts any bias
        BatchNorm2d(8, dtype=dtype),
        ReLU(),
        MaxPool2d(2),
        Conv2d(8, 16, 3, padding=1, bias=False, rng=rng, dtype=dtype),
        BatchNorm2d(16, dtype=dtype),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Linear(64, 32, bias=False, rng=rng, dtype=dtype),
        BatchNorm1d(32, dtype=dtype),
        ReLU(),
        Linear(32, 10, rng=rng, dtype=dtype),
    )
    return model, CrossEntropy(), SGD(model.parameters(), lr=0.05, momentum=0.9)


def batchnorm_in_torch() -> tuple[Any, Any, Callable[[Any], Any]]:
    from torch import nn, optim

    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 32, bias=False),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Linear(32, 10),
    )
    return model, nn.CrossEntropyLoss(), lambda parameters: optim.SGD(parameters, lr=0.05, momentum=0.9)


def random_tokens(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return tokens (N, 64) of a vocabulary of 65, and for each place the token that follows, (N, 64)."""
    # Each token is one of two that can follow the one before: something that a network can learn.
    steps = rng.choice([1, 7], (256, 65)).cumsum(axis=1)
    tokens = (rng.integers(0, 65, (256, 1)) + steps) % 65
    return tokens[:, :-1], tokens[:, 1:]


def gpt_by_hand(rng: np.random.Generator, dtype: Any, layers: int = 4, width: int = 128) -> tuple[Any, Any, Any]:
    from groundup.scratch import AdamW, CrossEntropy
    from groundup.scratch.losses.per_token import PerToken
    from groundup.scratch.models import GPT

    model = GPT(vocabulary=65, context=64, layers=layers, heads=4, width=width, tied=False, rng=rng, dtype=dtype)
    return model, PerToken(CrossEntropy()), AdamW(model.parameters(), lr=1e-3)


def gpt_in_torch(layers: int = 4, width: int = 128) -> tuple[Any, Any, Callable[[Any], Any]]:
    from torch import nn, optim

    from groundup.compare.gpt_twin import TorchGPT

    cross_entropy = nn.CrossEntropyLoss()

    def loss(logits: Any, labels: Any) -> Any:
        return cross_entropy(logits.flatten(0, 1), labels.flatten())

    return TorchGPT(65, 64, layers, 4, width), loss, lambda parameters: optim.AdamW(parameters, lr=1e-3)


def text_windows(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return the first 128 windows (N, 16) of the bundled text, as tokens, and the tokens that follow (N, 16)."""
    from groundup import data

    text = data.load("shakespeare_sample")
    tokens = text.encode(text.train[: 128 * 16 + 1])
    return tokens[:-1].reshape(128, 16), tokens[1:].reshape(128, 16)


def lstm_by_hand(rng: np.random.Generator, dtype: Any) -> tuple[Any, Any, Any]:
    from groundup.scratch import Adam, CrossEntropy
    from groundup.scratch.losses.per_token import PerToken
    from groundup.scratch.models import CharRNN

    model = CharRNN(vocabulary=61, cell="lstm", hidden=32, width=16, rng=rng, dtype=dtype)
    return model, PerToken(CrossEntropy()), Adam(model.parameters(), lr=0.02)


def lstm_in_torch() -> tuple[Any, Any, Callable[[Any], Any]]:
    from torch import nn, optim

    from groundup.compare.char_rnn_twin import TorchCharRNN

    cross_entropy = nn.CrossEntropyLoss()

    def loss(outputs: Any, labels: Any) -> Any:
        return cross_entropy(outputs[0].flatten(0, 1), labels.flatten())

    return TorchCharRNN(61, "lstm", 32, width=16), loss, lambda parameters: optim.Adam(parameters, lr=0.02)


WORKLOADS = {
    "mlp": Workload(
        "mlp", "64-128-64-10 perceptron on digits, batch 64, Adam", 64, digits, mlp_by_hand, mlp_in_torch
    ),
    "cnn": Workload(
        "cnn", "two convolutions and two linear layers on digits, batch 32, SGD with momentum", 32, digits,
        cnn_by_hand, cnn_in_torch,
    ),
    "batchnorm": Workload(
        "batchnorm", "two convolutions and two linear layers with batch norm on digits, batch 32, SGD with momentum",
        32, digits, batchnorm_by_hand, batchnorm_in_torch,
    ),
    "lstm": Workload(
        "lstm", "LSTM of 32 units that reads 8 texts of 16 characters (vocabulary 61), Adam", 8, text_windows,
        lstm_by_hand, lstm_in_torch,
    ),
    "gpt": Workload(
        "gpt", "GPT of 2 layers, 4 heads, width 64, on 8 texts of 64 tokens (vocabulary 65), AdamW", 8, random_tokens,
        partial(gpt_by_hand, layers=2, width=64), partial(gpt_in_torch, layers=2, width=64),
    ),
}  # fmt: skip
