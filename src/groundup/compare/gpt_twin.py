"""The PyTorch twin of :class:`groundup.scratch.models.GPT`: compared with it, trained beside it, timed against it."""

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F


class TorchGPT(nn.Module):
    """The same network from PyTorch's parts, with the same names of all weights; the last layer has its own."""

    causal: torch.Tensor

    def __init__(self, vocabulary: int, context: int, layers: int, heads: int, width: int) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.position_embedding = nn.Embedding(context, width)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width,
                heads,
                4 * width,
                dropout=0.0,
                activation=partial(F.gelu, approximate="tanh"),
                batch_first=True,
                norm_first=True,
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        future = torch.ones(context, context, dtype=torch.bool).triu(1)
        self.register_buffer("causal", future, persistent=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return logits (N, T, V) for tokens (N, T)."""
        T = tokens.shape[1]
        x = self.token_embedding(tokens) + self.position_embedding.weight[:T]
        for block in self.blocks:
            x = block(x, self.causal[:T, :T], is_causal=True)  # with the hint, PyTorch takes its fused attention
        return self.head(self.norm(x))
