"""The PyTorch twin of :class:`groundup.scratch.models.CharRNN`."""

import torch
from torch import nn

CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class TorchCharRNN(nn.Module):
    """The same network from PyTorch's parts, with the same names of all weights."""

    def __init__(self, vocabulary: int, cell: str, hidden: int, layers: int = 1, width: int = 32) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.recurrent = CELLS[cell](width, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, tokens: torch.Tensor, *state: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return logits (N, T, V) and the states after the last token, side by side."""
        nested = None if not state else state[0] if len(state) == 1 else state
        y, after = self.recurrent(self.embedding(tokens), nested)
        return self.head(y), *(after if isinstance(after, tuple) else (after,))
