"""A character language model: read a text letter by letter, and predict the next one."""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.scratch.checks import check_shape
from groundup.scratch.layer import Layer
from groundup.scratch.layers import GRU, LSTM, RNN, Embedding, Linear

Array = np.ndarray

CELLS: dict[str, type[RNN] | type[GRU] | type[LSTM]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


class CharRNN(Layer):
    """Read characters (N, T), return for each place the logits (N, T, V) of the character that follows.

    Each character becomes a vector; a recurrent layer reads these and keeps in its state what it has seen; a linear
    layer predicts from the state.

    A long text is read in windows, with truncated back-propagation through time (see
    :mod:`groundup.scratch.layers.recurrent`): hand the state on, and do not hand back its gradient::

        state = ()                                      # zeros
        for window, following in windows_of_the_text:   # (N, T) and (N, T)
            logits, *state = model(window, *state)
            loss(logits.reshape(-1, V), following.reshape(-1))
            model.backward(loss.backward().reshape(logits.shape))
            optimizer.step()

    Parameters
    ----------
    vocabulary : V, how many characters there are.
    cell : "rnn", "gru" or "lstm".
    hidden, layers : H, and the number of recurrent layers.
    width : D, of the vectors of the characters.
    dropout : probability, between recurrent layers.
    rng : source of the initial weights and of dropout.
    dtype : of the parameters.

    Raises
    ------
    ValueError : no such cell.

    Notes
    -----
    Sources: Mikolov et al. 2010, "Recurrent neural network based language model", section 2; over characters:
    Sutskever et al. 2011, "Generating text with recurrent neural networks".
    """

    def __init__(
        self,
        *,
        vocabulary: int,
        cell: str = "lstm",
        hidden: int = 128,
        layers: int = 1,
        width: int = 32,
        dropout: float = 0.0,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        if cell not in CELLS:
            raise ValueError(f"cell must be one of {', '.join(map(repr, CELLS))}, got {cell!r}")
        self.embedding = Embedding(vocabulary, width, rng=rng, dtype=dtype)
        self.recurrent = CELLS[cell](width, hidden, layers, batch_first=True, dropout=dropout, rng=rng, dtype=dtype)
        self.head = Linear(hidden, vocabulary, rng=rng, dtype=dtype)

    def forward(self, tokens: Array, *state: Array) -> tuple[Array, ...]:
        """Return logits (N, T, V) and the state after the last character: h, or h and c, each (layers, N, H).

        Parameters
        ----------
        tokens : (N, T) whole numbers from 0 to V-1.
        state : what an earlier call returned, of the text just before; zeros if left out.
        """
        tokens = np.asarray(tokens)
        check_shape("tokens", tokens, ("N", "T"), "for a single text write tokens[None]")
        # The recurrent layer reads the table itself: sooner than from vectors for every place, and the same numbers.
        y, *after = self.recurrent(self.embedding.weight.data, *state, indices=tokens)  # (N, T, H)
        return self.head(y), *after

    def backward(self, dlogits: Array, *dstate: Array) -> tuple[Array | None, ...]:
        """Add to the gradient of every parameter; return the gradient of the state that forward was given.

        The gradient of the state that forward returned is zero if left out; tokens have none.
        """
        dy = self.head.backward(dlogits)
        assert dy is not None
        dtable, *dbefore = self.recurrent.backward(dy, *dstate)
        self.embedding.weight.grad += dtable
        return tuple(dbefore)
