"""The Transformer, which translates by attention alone (Vaswani and others, 2017).

Paper
    A. Vaswani, N. Shazeer, N. Parmar, J. Uszkoreit, L. Jones, A. Gomez, L. Kaiser and I. Polosukhin, "Attention is
    all you need", NeurIPS 2017. Implemented: figure 1 and sections 3.1 to 3.5, residual dropout (section 5.4); the
    attention itself is in attention.py, the search for a translation (section 6.1) in decoding.py.
Parameters
    V D + L (3 A + 2 (2 D F + F + D) + 5 (2 D)) with A = 4 D^2 + 4 D for one attention: the one table of vectors, then
    for each of the L layers of encoder and decoder together three attentions, two feed-forward networks and five norms.
    63,082,496 for the base model of table 3 (D = 512, F = 2048, L = 6) and V = 37,000. Table 3 says 65 million; the
    paper gives V as "about 37000", and a vocabulary of 40,000 would make it 64.6 million. ``transformer_small``:
    4,683,776.
Deviations
    - The projections of attention have biases (see attention.py).
    - First weights, of which the paper says nothing: matrices Xavier-uniform (Glorot and Bengio, 2010), vectors of
      tokens normal with variance 1/D, so that after the factor √D their numbers have variance 1; biases zero.
    - Training: whatever schedule the trainer is given. Section 5.3 lets the learning rate rise for 4,000 steps and
      then fall as 1/√step.
Result
    ``transformer_small``, Multi30k, German to English, seeds 0, 1 and 2: BLEU 37.1, 36.4 and 36.8 on the test split
    (sacrebleu, beam search), mean 36.8, standard deviation 0.3 (validation, greedy: 35.9, 36.4 and 35.8). 12 min for
    seed 0 on one thread of a CPU (Intel Xeon with AMX, torch 2.13, 16-bit numbers). A narrower network of four layers
    at twice the learning rate had been tried before: after 11 epochs its decoder still looked at all of the source
    alike, and validation BLEU was 14. A translation and what the model looked at: docs/trained.md.

        groundup train transformer_small --data multi30k --translation.vocabulary 4000 --epochs 8 --precision bf16
            --optimizer.name adamw --optimizer.lr 0.0015 --optimizer.betas 0.9 0.98 --optimizer.weight-decay 0.0001
            --optimizer.decay matrices --schedule.warmup 0.1 --clip 1 --label-smoothing 0.1 --seed 0

Letters: N batch, S source tokens, T target tokens, V vocabulary, D width, H heads, F inner width, L layers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.errors import UsageError
from groundup.models.attention import KeyValueCache, MultiHeadAttention, attention_maps
from groundup.models.decoding import PAD
from groundup.models.registry import register
from groundup.models.settings import require_dropout
from groundup.models.tokens import check_pairs, check_tokens


@dataclass(frozen=True)
class TransformerConfig:
    """What can be chosen; by default the base model of table 3."""

    vocabulary: int = 37_000  # V, of both languages together
    width: int = 512  # D
    heads: int = 8  # H
    layers: int = 6  # L, of the encoder and of the decoder each
    inner: int = 2048  # F
    dropout: float = 0.1
    context: int = 512  # the most tokens of a sentence


def sinusoids(context: int, width: int) -> Tensor:
    """Return what marks each place, (context, width): sines and cosines of many wavelengths, section 3.5.

    ``PE(t, 2i) = sin(t / 10000^(2i/D))`` and ``PE(t, 2i+1) = cos(t / 10000^(2i/D))``: like the hands of clocks, fast
    ones first, and a step of k places turns each pair of numbers by the same angle wherever it begins.
    """
    t = torch.arange(context, dtype=torch.float64)[:, None]
    angles = t / 10_000 ** (torch.arange(0, width, 2, dtype=torch.float64) / width)  # (context, D/2)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :width].to(torch.get_default_dtype())


class FeedForward(nn.Module):
    """Two linear maps with a ReLU between, at each place by itself: ``max(0, x W_1 + b_1) W_2 + b_2``, equation 2."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.expand = nn.Linear(width, inner)
        self.contract = nn.Linear(inner, width)
        for layer in (self.expand, self.contract):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:  # (N, T, D) -> (N, T, D)
        return self.contract(F.relu(self.expand(x)))


class EncoderLayer(nn.Module):
    """Look at the whole sentence, then think at each place: each time ``LayerNorm(x + Sublayer(x))``, section 3.1."""

    def __init__(self, width: int, heads: int, inner: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(width, heads)
        self.feed_forward = FeedForward(width, inner)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)  # of what each sub-layer adds

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """Return (N, S, D) for x (N, S, D); padding (N, S) is True at the places that are only filling."""
        x = self.norm1(x + self.dropout(self.attention(x, padding=padding)))
        return self.norm2(x + self.dropout(self.feed_forward(x)))


class DecoderLayer(nn.Module):
    """As the encoder's layer, with a look at the source between; what is still to be written is hidden."""

    def __init__(self, width: int, heads: int, inner: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(width, heads)
        self.source_attention = MultiHeadAttention(width, heads)
        self.feed_forward = FeedForward(width, inner)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        padding: Tensor | None = None,
        cache: KeyValueCache | None = None,
        source_cache: KeyValueCache | None = None,
    ) -> Tensor:
        """Return (N, T, D).

        Parameters
        ----------
        x : (N, T, D), the places of the target; with a cache only the new ones.
        memory : (N, S, D), what the encoder made of the source.
        padding : (N, S), True at the places of the source that are only filling.
        cache, source_cache : keys and values of the target's places so far, and those of the source.
        """
        x = self.norm1(x + self.dropout(self.attention(x, causal=True, cache=cache)))
        x = self.norm2(x + self.dropout(self.source_attention(x, memory, padding=padding, cache=source_cache)))
        return self.norm3(x + self.dropout(self.feed_forward(x)))


@dataclass
class State:
    """What writing needs to know, for each of N sentences: the source, and the target so far."""

    memory: Tensor  # (N, S, D)
    padding: Tensor  # (N, S)
    caches: list[tuple[KeyValueCache, KeyValueCache]]  # for each decoder layer, of the target and of the source

    def select(self, rows: Tensor) -> "State":
        """Return the state of these rows, which may repeat."""
        caches = [(target.select(rows), source.select(rows)) for target, source in self.caches]
        return State(self.memory[rows], self.padding[rows], caches)


class Transformer(nn.Module):
    """Encoder and decoder, figure 1. One table of vectors serves source, target and output, section 3.4."""

    places: Tensor  # (context, D), the marks of the places

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        if min(config.vocabulary, config.width, config.layers, config.inner, config.context) < 1:
            raise UsageError(f"vocabulary, width, layers, inner and context must each be at least 1: {config}")
        require_dropout(config.dropout)
        self.config = config
        sizes = (config.width, config.heads, config.inner, config.dropout)
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        nn.init.normal_(self.embedding.weight, std=config.width**-0.5)
        self.register_buffer("places", sinusoids(config.context, config.width), persistent=False)
        self.dropout = nn.Dropout(config.dropout)
        self.encoder = nn.ModuleList(EncoderLayer(*sizes) for _ in range(config.layers))
        self.decoder = nn.ModuleList(DecoderLayer(*sizes) for _ in range(config.layers))

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Return for each place of the target (N, T) the logits (N, T, V) of the token that follows.

        Parameters
        ----------
        source : (N, S), each sentence with its END, filled up with PAD at its end.
        target : (N, T), each beginning with BEGIN, filled up in the same way. No place sees a later one, so no other
            place sees the filling, and it needs no mask; its own logits mean nothing.
        """
        memory, padding = self.encode(source)  # (N, S, D), (N, S)
        y = self.embed(target)  # (N, T, D)
        check_pairs(source, target)
        for layer in self.decoder:
            y = layer(y, memory, padding)  # (N, T, D)
        return self.logits(y)  # (N, T, V)

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Return the encoder's output (N, S, D) for the source (N, S), and where it is only filling (N, S)."""
        padding = source == PAD
        x = self.embed(source)  # (N, S, D)
        for layer in self.encoder:
            x = layer(x, padding)  # (N, S, D)
        return x, padding

    def embed(self, tokens: Tensor, before: int = 0) -> Tensor:
        """Return the vectors of tokens (N, T) with the marks of their places, (N, T, D), after ``before`` others."""
        check_tokens(tokens, self.config.vocabulary, self.config.context, before)
        T, D = tokens.shape[1], self.config.width
        return self.dropout(self.embedding(tokens) * D**0.5 + self.places[before : before + T])

    def logits(self, y: Tensor) -> Tensor:
        """Return how well each token's vector fits, (N, T, D) -> (N, T, V)."""
        return F.linear(y, self.embedding.weight)

    def start(self, source: Tensor) -> State:
        """Read the source (N, S); see :class:`groundup.models.decoding.Writer`."""
        memory, padding = self.encode(source)
        return State(memory, padding, [(KeyValueCache(), KeyValueCache()) for _ in self.decoder])

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Take the token (N,) last written; return the logits (N, V) of the next, and the state, which moves on."""
        check_pairs(state.padding, tokens)
        y = self.embed(tokens[:, None], before=len(state.caches[0][0]))  # (N, 1, D)
        for layer, caches in zip(self.decoder, state.caches):
            y = layer(y, state.memory, state.padding, *caches)  # (N, 1, D)
        return self.logits(y)[:, 0], state

    def alignment(self, source: Tensor, target: Tensor) -> Tensor:
        """Return how much each place of the target looks at each of the source, (N, T, S): a mean over the heads.

        Of the decoder's last layer but one, if it has three or more, or else of the last (a trained
        ``transformer_small`` looks along the sentence in its second layer, and hardly in its first);
        ``attention_maps`` records those of every layer.
        """
        with attention_maps(self) as maps:
            self(source, target)
        layer = len(self.decoder) - (2 if len(self.decoder) > 2 else 1)
        return maps[f"decoder.{layer}.source_attention"][0].mean(dim=1)


PAPER = "Vaswani et al.: Attention is all you need"


@register(
    "transformer",
    title="Transformer, base",
    paper=PAPER,
    year=2017,
    task="translation",
    config=TransformerConfig(),
)
@register(
    "transformer_small",
    title="Transformer, small",
    paper=PAPER,
    year=2017,
    task="translation",
    config=TransformerConfig(vocabulary=8_000, width=256, heads=4, layers=2, inner=512, dropout=0.2),
)
def transformer(config: TransformerConfig) -> Transformer:
    return Transformer(config)
