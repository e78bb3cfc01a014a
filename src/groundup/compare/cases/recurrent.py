"""Recurrent cells and layers."""

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from groundup import scratch as gu
from groundup.compare.case import LayerCase, labels, layer, normal


class CellTwin(nn.LSTMCell):
    """PyTorch's LSTMCell takes its two states as a tuple; here they are two arguments."""

    def forward(self, x, h, c):
        return super().forward(x, (h, c))


def flat(outputs: tuple) -> tuple:
    """Return (y, h, c) for PyTorch's (y, (h, c)), and (y, h) as it is."""
    y, states = outputs
    return (y, *states) if isinstance(states, tuple) else (y, states)


def with_states(base: type) -> type:
    """Return a class derived from ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` whose arguments and results are not nested.

    Its forward takes x, the states, the lengths (for these it packs and unpacks) and the indices, as far as given.
    """

    class Twin(base):
        def forward(self, x, *rest):
            states = [t for t in rest if t.is_floating_point()]
            lengths, indices = (*(t for t in rest if not t.is_floating_point()), None, None)[:2]
            x = x if indices is None else x[indices]
            start = None if not states else states[0] if len(states) == 1 else tuple(states)
            if lengths is None:
                return flat(super().forward(x, start))
            packed = pack_padded_sequence(x, lengths, self.batch_first, enforce_sorted=False)
            y, *after = flat(super().forward(packed, start))
            steps = x.shape[1 if self.batch_first else 0]
            return pad_packed_sequence(y, self.batch_first, total_length=steps)[0], *after

    Twin.__name__ = base.__name__
    return Twin


def lengths(*values: int) -> Callable[[np.random.Generator], np.ndarray]:
    """Return an input that is always these lengths: unsorted, with a tie, and none that fills every step."""
    return lambda rng: np.array(values)


def line(component: Any, base: Any, label: str, *inputs: Any, sizes: tuple[int, ...] = (7, 5), **options: Any):
    return layer(
        component,
        lambda rng: component(*sizes, **options, rng=rng),
        *inputs,
        twin=lambda: with_states(base)(*sizes, **options),
        label=label,
    )


def family(component: Any, base: Any, states: int) -> list[LayerCase]:
    """The lines of one kind of layer: input (T, N, I) = (3, 4, 7), hidden 5."""

    def start(cells: int, N: int = 4) -> list[Any]:
        return [normal(cells, N, 5)] * states

    return [
        line(component, base, "", normal(3, 4, 7)),
        line(component, base, "initial state, no bias", normal(3, 4, 7), *start(1), bias=False),
        line(component, base, "two layers, batch first", normal(4, 3, 7), *start(2), num_layers=2, batch_first=True),
        line(component, base, "lengths", normal(5, 4, 7), *start(1), lengths(2, 4, 1, 4)),
        line(component, base, "table", normal(11, 7), *start(1), lengths(2, 5, 1, 3), labels(5, 4, classes=11)),
        line(
            component,
            base,
            "two layers, both directions, lengths",
            normal(5, 3, 7),
            *start(4, 3),
            lengths(2, 5, 3),
            sizes=(7, 5, 2),
            bidirectional=True,
        ),
    ]


CASES = [
    layer(gu.RNNCell, lambda rng: gu.RNNCell(7, 5, rng=rng), normal(3, 7), normal(3, 5), twin=lambda: nn.RNNCell(7, 5)),
    layer(
        gu.RNNCell,
        lambda rng: gu.RNNCell(7, 5, bias=False, nonlinearity="relu", rng=rng),
        normal(3, 7),
        normal(3, 5),
        twin=lambda: nn.RNNCell(7, 5, bias=False, nonlinearity="relu"),
        label="ReLU, no bias",
    ),
    layer(
        gu.LSTMCell,
        lambda rng: gu.LSTMCell(7, 5, rng=rng),
        normal(3, 7),
        normal(3, 5),
        normal(3, 5),
        twin=lambda: CellTwin(7, 5),
    ),
    layer(gu.GRUCell, lambda rng: gu.GRUCell(7, 5, rng=rng), normal(3, 7), normal(3, 5), twin=lambda: nn.GRUCell(7, 5)),
    *family(gu.RNN, nn.RNN, states=1),
    line(gu.RNN, nn.RNN, "ReLU", normal(3, 4, 7), normal(1, 4, 5), nonlinearity="relu"),
    *family(gu.LSTM, nn.LSTM, states=2),
    *family(gu.GRU, nn.GRU, states=1),
    layer(
        gu.GRU,
        lambda rng: gu.GRU(7, 5, num_layers=2, dropout=0.3, rng=rng),
        normal(3, 4, 7),
        twin=None,
        label="dropout between layers",
        evidence="two generators drop different units; without dropout the line above is equal, and finite differences "
        "hold the mask fixed",
    ),
]
