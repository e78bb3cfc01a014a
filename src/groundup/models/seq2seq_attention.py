"""Translation with a soft search: the decoder looks for the words it needs (Bahdanau, Cho and Bengio, 2015).

Paper
    D. Bahdanau, K. Cho and Y. Bengio, "Neural machine translation by jointly learning to align and translate", ICLR
    2015: RNNsearch. Implemented: section 3 and appendix A, with the sizes and first weights of appendix B. The
    gated unit is that of gru.py (Cho et al., 2014).
Parameters
    2 V M for the words of both languages, 2 G(M) + H H + H for the encoder and the decoder's first state,
    G(M + 2 H) for the decoder's unit, A (H + 2 H) + 2 A for the alignment, 2 O (H + M + 2 H + 1) + (O + 1) V for the
    output; G(I) = 3 (H I + H H + 2 H) is a gated unit that reads I numbers. 80,452,000 for RNNsearch (M = 620,
    H = A = 1000, O = 500, V = 30,000). ``seq2seq_attention_small``: 8,517,184.
Deviations
    - The reset gate multiplies U s + b, in the paper s itself (see gru.py).
    - Every linear map but that of the alignment's score has a bias; the paper leaves biases out "to increase
      readability".
    - The output sees the new state s_i, as equation 4 says. Appendix A.2.2 writes p(y_i | s_i, ...) and then puts
      s_(i-1) into the formula.
    - Dropout of the word vectors and before the last layer, for small data sets; the paper has none (dropout = 0).
    - One vocabulary of pieces of words for both languages; the paper takes the 30,000 most frequent words of each
      and writes UNK for all others.
Result
    ``seq2seq_attention_small``, Multi30k, German to English, seeds 0, 1 and 2: BLEU 32.0, 31.8 and 32.0 on the test
    split (sacrebleu, beam search), mean 31.9, standard deviation 0.1 (validation, greedy: 28.4, 29.0 and 28.0). 13 min
    for seed 1 on one thread of a CPU (Intel Xeon with AMX, torch 2.13, 16-bit numbers) that shared the machine with
    other work. Nothing was tuned. A translation and what the model looked at: docs/trained.md.

        groundup train seq2seq_attention_small --data multi30k --translation.vocabulary 4000 --epochs 6
            --batch-size 128 --precision bf16 --optimizer.name adamw --optimizer.lr 0.002
            --optimizer.weight-decay 0.0001 --schedule.warmup 0.05 --clip 1 --label-smoothing 0.1 --seed 0

Letters: N batch, S source tokens, T target tokens, V vocabulary, M width of a word's vector, H hidden units of each
direction, A alignment units, O output units.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from groundup.errors import UsageError
from groundup.models.decoding import PAD
from groundup.models.gru import gru_cell
from groundup.models.registry import register
from groundup.models.settings import require_dropout
from groundup.models.tokens import check_pairs, check_tokens


@dataclass(frozen=True)
class Seq2SeqAttentionConfig:
    """What can be chosen; by default RNNsearch, appendix B.1."""

    vocabulary: int = 30_000  # V
    width: int = 620  # M
    hidden: int = 1000  # H
    alignment: int = 1000  # A
    output: int = 500  # O
    dropout: float = 0.0


def reverse(x: Tensor, lengths: Tensor) -> Tensor:
    """Turn each sequence of x (N, S, ...) round within its own length (N,); what follows it stays where it is."""
    places = torch.arange(x.shape[1], device=x.device)  # (S,)
    last = lengths[:, None] - 1
    places = torch.where(places <= last, last - places, places)  # (N, S)
    return x[torch.arange(len(x), device=x.device)[:, None], places]


class Encoder(nn.Module):
    """Two gated recurrent networks, one for each direction, section 3.2: h_j knows the words around word j."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.onward = nn.GRU(width, hidden, batch_first=True)
        self.backward_ = nn.GRU(width, hidden, batch_first=True)  # Module.backward is taken

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return the annotations (N, S, 2 H) for vectors x (N, S, M) of sentences with ``lengths`` (N,).

        A sentence comes before its filling, in both directions, so nothing of the filling reaches it.
        """
        onward, _ = self.onward(x)  # (N, S, H)
        back, _ = self.backward_(reverse(x, lengths))  # (N, S, H)
        return torch.cat([onward, reverse(back, lengths)], dim=2)


@dataclass
class State:
    """What writing needs to know, for each of N sentences: what was read, and the state of the decoder."""

    annotations: Tensor  # h, (N, S, 2 H)
    keys: Tensor  # U_a h, (N, S, A): the same at every step, so computed once
    padding: Tensor  # (N, S), True at the places that are only filling
    s: Tensor  # (N, H)

    def select(self, rows: Tensor) -> "State":
        """Return the state of these rows, which may repeat."""
        return State(self.annotations[rows], self.keys[rows], self.padding[rows], self.s[rows])


class AdditiveAttention(nn.Module):
    """Where to look next: a small network scores each word of the source, section 3.1 and appendix A.1.2.

    ``e_ij = v_a · tanh(W_a s_(i-1) + U_a h_j)``, the weights α_i are the softmax of e_i over the words j, and what is
    seen is their mean ``c_i = Σ_j α_ij h_j``.
    """

    def __init__(self, hidden: int, annotation: int, units: int) -> None:
        super().__init__()
        self.query = nn.Linear(hidden, units)  # W_a
        self.key = nn.Linear(annotation, units, bias=False)  # U_a; its bias would only be added to that of W_a
        self.score = nn.Linear(units, 1, bias=False)  # v_a; a bias, the same for all words, changes no softmax

    def forward(self, s: Tensor, memory: State) -> tuple[Tensor, Tensor]:
        """Return what is seen c (N, 2 H) and the weights α (N, S), zero on filling, from the state s (N, H)."""
        e = self.score(torch.tanh(self.query(s)[:, None] + memory.keys))[:, :, 0]  # (N, S)
        alpha = e.masked_fill(memory.padding, -torch.inf).softmax(dim=1)
        return (alpha[:, None] @ memory.annotations)[:, 0], alpha  # (N, 1, S) @ (N, S, 2 H)


class Seq2SeqAttention(nn.Module):
    """RNNsearch: an encoder that reads in both directions, and a decoder that looks before it writes each word."""

    def __init__(self, config: Seq2SeqAttentionConfig) -> None:
        super().__init__()
        V, M, H, A, O = config.vocabulary, config.width, config.hidden, config.alignment, config.output
        if min(V, M, H, A, O) < 1:
            raise UsageError(f"vocabulary, width, hidden, alignment and output must each be at least 1: {config}")
        require_dropout(config.dropout)
        self.config = config
        self.source_embedding = nn.Embedding(V, M)
        self.target_embedding = nn.Embedding(V, M)
        self.encoder = Encoder(M, H)
        self.first_state = nn.Linear(H, H)  # W_s
        self.attention = AdditiveAttention(H, 2 * H, A)
        self.cell = nn.GRUCell(M + 2 * H, H)  # reads the last word and what is seen; only its parameters are used
        self.mix = nn.Linear(H + M + 2 * H, 2 * O)  # U_o, V_o and C_o side by side
        self.head = nn.Linear(O, V)  # W_o
        self.dropout = nn.Dropout(config.dropout)
        self._draw_first_weights()

    def _draw_first_weights(self) -> None:
        """Draw the first weights as appendix B.1 does: nearly nothing is seen or said at first."""
        for name, parameter in self.named_parameters():
            if "bias" in name or name == "attention.score.weight":
                nn.init.zeros_(parameter)
            elif "weight_hh" in name:  # what leads from state to state keeps its length
                for gate in parameter.data.chunk(3):
                    nn.init.orthogonal_(gate)
            else:
                nn.init.normal_(parameter, std=0.001 if name.startswith("attention") else 0.01)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Return for each place of the target (N, T) the logits (N, T, V) of the token that follows.

        Parameters
        ----------
        source : (N, S), each sentence with its END, filled up with PAD at its end.
        target : (N, T), each beginning with BEGIN, filled up in the same way.
        """
        return self._read(source, target)[0]

    def alignment(self, source: Tensor, target: Tensor) -> Tensor:
        """Return how much each place of the target looks at each of the source, α (N, T, S)."""
        return self._read(source, target)[1].detach()

    def _read(self, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        check_tokens(target, self.config.vocabulary)
        memory = self.start(source)
        check_pairs(source, target)
        words = self.dropout(self.target_embedding(target))  # (N, T, M)
        s, states, seen, weights = memory.s, [], [], []
        for word in words.unbind(1):  # (N, M), T times
            s, c, alpha = self._advance(word, s, memory)
            states.append(s)
            seen.append(c)
            weights.append(alpha)
        logits = self._logits(torch.stack(states, 1), words, torch.stack(seen, 1))  # (N, T, V)
        return logits, torch.stack(weights, 1)  # (N, T, S)

    def start(self, source: Tensor) -> State:
        """Read the source (N, S); see :class:`groundup.models.decoding.Writer`."""
        check_tokens(source, self.config.vocabulary)
        padding = source == PAD
        x = self.dropout(self.source_embedding(source))  # (N, S, M)
        h = self.encoder(x, (~padding).sum(1))  # (N, S, 2 H)
        # (N, H), from what has read backwards to the first word
        first = torch.tanh(self.first_state(h[:, 0, self.config.hidden :]))
        return State(h, self.attention.key(h), padding, first)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Take the token (N,) last written; return the logits (N, V) of the next, and the state, which moves on."""
        check_tokens(tokens[:, None], self.config.vocabulary)
        check_pairs(state.s, tokens)
        word = self.dropout(self.target_embedding(tokens))  # (N, M)
        s, c, _ = self._advance(word, state.s, state)
        return self._logits(s, word, c), replace(state, s=s)

    def _advance(self, word: Tensor, s: Tensor, memory: State) -> tuple[Tensor, Tensor, Tensor]:
        """Look, then move on: the new state s_i, what was seen c_i, and the weights α_i (appendix A.2.2)."""
        c, alpha = self.attention(s, memory)  # (N, 2 H), (N, S)
        weights = (self.cell.weight_ih, self.cell.weight_hh, self.cell.bias_ih, self.cell.bias_hh)
        (s,) = gru_cell(torch.cat([word, c], dim=1), (s,), *weights)  # (N, H)
        return s, c, alpha

    def _logits(self, s: Tensor, word: Tensor, c: Tensor) -> Tensor:
        """Return W_o t with t the larger of each two of ``U_o s + V_o E y + C_o c``: a maxout layer."""
        t = self.mix(torch.cat([s, word, c], dim=-1)).unflatten(-1, (-1, 2)).amax(dim=-1)  # (..., O)
        return self.head(self.dropout(t))  # (..., V)


PAPER = "Bahdanau, Cho, Bengio: Neural machine translation by jointly learning to align and translate"


@register(
    "seq2seq_attention",
    title="RNNsearch",
    paper=PAPER,
    year=2015,
    task="translation",
    config=Seq2SeqAttentionConfig(),
)
@register(
    "seq2seq_attention_small",
    title="RNNsearch, small",
    paper=PAPER,
    year=2015,
    task="translation",
    config=Seq2SeqAttentionConfig(8_000, width=256, hidden=256, alignment=256, output=256, dropout=0.3),
)
def seq2seq_attention(config: Seq2SeqAttentionConfig) -> Seq2SeqAttention:
    return Seq2SeqAttention(config)
