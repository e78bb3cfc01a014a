"""The recurrent neural network as a language model (Elman, 1990; Mikolov and others, 2010), its cell written out.

Papers
    J. Elman, "Finding structure in time", Cognitive Science 14:179-211: the network with a memory, figure 2.
    T. Mikolov, M. Karafiát, L. Burget, J. Černocký and S. Khudanpur, "Recurrent neural network based language model",
    Interspeech 2010, section 2: the network as a language model. Over characters instead of words as in I. Sutskever,
    J. Martens and G. Hinton, "Generating text with recurrent neural networks", ICML 2011.
Parameters
    V D + (D H + H H + 2 H) + (H V + V) for one layer, with V characters, vectors of width D and H hidden units;
    333,441 for the 65 characters of tiny Shakespeare and the default configuration (D = 64, H = 512).
Deviations
    - The hidden units squash with tanh, whose outputs lie around 0; Elman's and Mikolov's with the logistic function.
      The two differ by scales and shifts that the weights can take up: sigma(2a) = (1 + tanh a) / 2.
    - A character first becomes a vector of width D, which the input matrix reads. Mikolov's matrix reads the one-hot
      word itself, which is the same with the product of the two matrices in place of one.
    - Each linear map has a bias, so the hidden layer has two that act as their sum: this is torch.nn.RNN's layout.
    - Training: windows of text, each from a state of zeros, and back-propagation through the whole window. Mikolov
      goes back one step (truncated back-propagation through time) and carries the state on through the text.

The cell is a function of one step, :func:`rnn_cell`; :class:`Unrolled` takes one step after the other. That is the
definition, and it is slow, since T steps are T small products in Python. With ``fast`` the same weights run through
torch.nn.RNN, whose loop is compiled; tests/models/test_recurrent_models.py proves outputs and gradients equal.
lstm.py and gru.py are this file with another cell.

Letters: N batch, T time, V vocabulary, D width of a token's vector, H hidden units, L layers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.errors import UsageError
from groundup.models.registry import register
from groundup.models.settings import require_dropout
from groundup.models.tokens import check_tokens

States = tuple[Tensor, ...]  # (h,) of the RNN and the GRU, (h, c) of the LSTM
Cell = Callable[[Tensor, States, Tensor, Tensor, Tensor, Tensor], States]


@dataclass(frozen=True)
class RecurrentConfig:
    """What can be chosen of a recurrent language model, whatever its cell."""

    vocabulary: int = 65  # V; 65 characters make up tiny Shakespeare
    width: int = 64  # D
    hidden: int = 512  # H
    layers: int = 1  # L
    dropout: float = 0.0  # of the vectors, between the layers and before the head, never from step to step
    fast: bool = True  # PyTorch's compiled loop over time, instead of the one written out


def rnn_cell(
    x: Tensor, states: States, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> States:
    """Mix what is read with what is remembered, and squash: ``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)``.

    Parameters
    ----------
    x : (N, I), what is read at this step.
    states : (h,) with h (N, H), what is remembered of all steps before.
    weight_ih, weight_hh, bias_ih, bias_hh : (H, I), (H, H), (H,), (H,)

    Returns
    -------
    states : (h',) with h' (N, H).
    """
    (h,) = states
    return (torch.tanh(F.linear(x, weight_ih, bias_ih) + F.linear(h, weight_hh, bias_hh)),)


class Unrolled(nn.Module):
    """A cell, applied to one time step after the other, in L layers: each reads the states h of the layer below.

    It takes and returns what torch.nn.RNN, LSTM and GRU do with ``batch_first=True``, and its parameters have their
    names, so that a state dict of one fits the other.

    Parameters
    ----------
    cell : the function of one step.
    gates : how many rows of the matrices belong to each hidden unit: 1 for the RNN, 4 for the LSTM, 3 for the GRU.
    states : how many states the cell has: 2 for the LSTM, 1 for the others.
    input_size, hidden_size, num_layers : I, H and L.
    dropout : probability with which an output of a layer is dropped before the next layer reads it.
    """

    def __init__(
        self,
        cell: Cell,
        gates: int,
        states: int,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.cell, self.states = cell, states
        self.hidden_size, self.num_layers, self.dropout = hidden_size, num_layers, dropout
        for k in range(num_layers):
            rows, columns = gates * hidden_size, input_size if k == 0 else hidden_size
            self.register_parameter(f"weight_ih_l{k}", nn.Parameter(torch.empty(rows, columns)))
            self.register_parameter(f"weight_hh_l{k}", nn.Parameter(torch.empty(rows, hidden_size)))
            self.register_parameter(f"bias_ih_l{k}", nn.Parameter(torch.empty(rows)))
            self.register_parameter(f"bias_hh_l{k}", nn.Parameter(torch.empty(rows)))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(hidden_size**-0.5), hidden_size**-0.5)

    def forward(self, x: Tensor, state: Tensor | States | None = None) -> tuple[Tensor, Tensor | States]:
        """Return the outputs of the last layer (N, T, H), and the state of each layer after the last step.

        Parameters
        ----------
        x : (N, T, I)
        state : h, or (h, c) of an LSTM, each (L, N, H): where to begin; zeros if left out.
        """
        if state is None:
            state = (x.new_zeros(self.num_layers, x.shape[0], self.hidden_size),) * self.states
        states = (state,) if isinstance(state, Tensor) else state
        finals = []
        for k in range(self.num_layers):
            kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            weights = [self.get_parameter(f"{kind}_l{k}") for kind in kinds]
            now = tuple(s[k] for s in states)  # (N, H) each
            outputs = []
            for x_t in x.unbind(1):  # (N, I), T times
                now = self.cell(x_t, now, *weights)
                outputs.append(now[0])
            finals.append(now)
            x = torch.stack(outputs, dim=1)  # (N, T, H)
            if k < self.num_layers - 1:
                x = F.dropout(x, self.dropout, self.training)
        states = tuple(torch.stack(s) for s in zip(*finals))  # (L, N, H) each
        return x, states[0] if self.states == 1 else states


class RecurrentLanguageModel(nn.Module):
    """Guess the next token from a state that has read all tokens before: vectors, recurrent layers, a linear head.

    Parameters
    ----------
    config : sizes; ``config.fast`` chooses between the two ways to compute the recurrent layers.
    cell, gates, states : see :class:`Unrolled`.
    compiled : PyTorch's class that computes the same: nn.RNN, nn.LSTM or nn.GRU.
    """

    def __init__(
        self, config: RecurrentConfig, cell: Cell, gates: int, states: int, compiled: Callable[..., nn.Module]
    ) -> None:
        super().__init__()
        if min(config.vocabulary, config.width, config.hidden, config.layers) < 1:
            raise UsageError(f"vocabulary, width, hidden and layers must each be at least 1: {config}")
        require_dropout(config.dropout)
        self.config = config
        between = config.dropout if config.layers > 1 else 0.0  # a single layer has nothing above it
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.recurrent = (
            compiled(config.width, config.hidden, config.layers, batch_first=True, dropout=between)
            if config.fast
            else Unrolled(cell, gates, states, config.width, config.hidden, config.layers, between)
        )
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden, config.vocabulary)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return for each place of tokens (N, T) the logits (N, T, V) of the token that follows."""
        return self.read(tokens)[0]

    def read(self, tokens: Tensor, memory: Tensor | States | None = None) -> tuple[Tensor, Tensor | States]:
        """Read on: logits (N, T, V), and a memory with which the next call continues the text after these tokens.

        Parameters
        ----------
        tokens : (N, T), whole numbers from 0 to V - 1.
        memory : what an earlier call returned, h or (h, c), each (L, N, H); without it a text begins.
        """
        check_tokens(tokens, self.config.vocabulary)
        if memory is not None:
            expected = (self.config.layers, len(tokens), self.config.hidden)
            for state in (memory,) if isinstance(memory, Tensor) else memory:
                if state.shape != expected:
                    raise ValueError(
                        f"memory: got shape {tuple(state.shape)}, expected (L, N, H) = {expected}: "
                        "is it from another model, or from a batch of another size?"
                    )
        x = self.dropout(self.embedding(tokens))  # (N, T, D)
        y, after = self.recurrent(x, memory)  # (N, T, H)
        return self.head(self.dropout(y)), after


@register(
    "rnn",
    title="RNN language model",
    paper="Elman: Finding structure in time",
    year=1990,
    task="text",
    config=RecurrentConfig(),
)
def rnn(config: RecurrentConfig) -> RecurrentLanguageModel:
    return RecurrentLanguageModel(config, rnn_cell, gates=1, states=1, compiled=nn.RNN)
