"""How a model writes a sentence: one token after the other, by the best next token or by a search with a beam.

A model of translation gives each next token a probability that depends on the tokens written so far. The probability
of a sentence is their product, and the translation should be the sentence with the highest. To try all sentences is
out of the question. :func:`greedy` takes the most probable token at every step. :func:`beam_search` keeps the few best
beginnings instead of one: a token that is second best may begin the better sentence.

Sources
    Beam search in translation: I. Sutskever, O. Vinyals and Q. Le, "Sequence to sequence learning with neural
    networks", NeurIPS 2014, section 3.2. Length penalty: Y. Wu and others, "Google's neural machine translation
    system", 2016, equation 14, as used by Vaswani et al. (2017), section 6.1.

Letters: N sentences, S source tokens, K beginnings kept for each sentence (the beam), V vocabulary.
"""

from typing import Any, Protocol

import torch
from torch import Tensor

from groundup.errors import UsageError

PAD, BEGIN, END = 0, 1, 2  # the tokens that are no part of a text: filling, before its first token, after its last


class State(Protocol):
    """What a model remembers between two steps, for each sentence of a batch."""

    def select(self, rows: Tensor) -> "State":
        """Return the memory of these rows of the batch, which may repeat, int64."""
        ...


class Writer(Protocol):
    """A model that writes: it reads the source once, then gives the chances of one token after the other."""

    def start(self, source: Tensor) -> Any:
        """Read the source (N, S), filled up with PAD, and return the :class:`State` before the first step."""
        ...

    def step(self, tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Take the token (N,) last written, first of all BEGIN; return the logits (N, V) of the next, and the state."""
        ...


@torch.inference_mode()
def greedy(model: Writer, source: Tensor, extra: int = 50) -> list[list[int]]:
    """Return for each source the tokens that the model writes if it takes the most probable one at every step.

    Parameters
    ----------
    model : in evaluation mode.
    source : (N, S), each sentence with its END, filled up with PAD.
    extra : a sentence that has not ended is cut when it is this many tokens longer than its source.

    Returns
    -------
    sentences : N lists of tokens, without BEGIN and END.
    """
    limit = (source != PAD).sum(1) + extra  # (N,)
    state = model.start(source)
    tokens = torch.full_like(limit, BEGIN)
    finished = torch.zeros_like(limit, dtype=torch.bool)
    written: list[Tensor] = []
    while not finished.all():
        logits, state = model.step(tokens, state)
        tokens = _only_text(logits).argmax(1).masked_fill(finished, PAD)
        written.append(tokens)
        finished = finished | (tokens == END) | (len(written) >= limit)
    return _sentences(torch.stack(written, dim=1))


@torch.inference_mode()
def beam_search(model: Writer, source: Tensor, beam: int = 4, alpha: float = 0.6, extra: int = 50) -> list[list[int]]:
    """Return for each source the best sentence found by keeping the ``beam`` best beginnings at every step.

    Sentences y are ranked by ``log p(y) / ((5 + |y|) / 6)^alpha``, where |y| counts END. Each token makes log p lower,
    so without the division (alpha = 0) short sentences would be preferred. A finished sentence keeps its place in the
    beam for as long as it is among the best; the search ends when the beam holds nothing but finished ones.

    Parameters
    ----------
    model, source, extra : as for :func:`greedy`, which is the search with a beam of 1.
    beam : K.
    alpha : how strongly length is made up for.

    Returns
    -------
    sentences : N lists of tokens, without BEGIN and END.
    """
    if beam < 1:
        raise UsageError(f"the beam is {beam}; expected 1 or more: the number of beginnings to keep.")
    (N, _), K, device = source.shape, beam, source.device
    first = torch.arange(N, device=device)[:, None] * K  # the row at which the K beginnings of a sentence start
    limit = (source != PAD).sum(1, keepdim=True) + extra  # (N, 1)
    state = model.start(source).select(torch.arange(N, device=device).repeat_interleave(K))
    written = torch.zeros(N, K, 0, dtype=torch.int64, device=device)
    tokens = torch.full((N, K), BEGIN, device=device)
    finished = torch.zeros(N, K, dtype=torch.bool, device=device)
    length = torch.zeros(N, K, device=device)
    log_p = torch.full((N, K), -torch.inf, device=device)
    log_p[:, 0] = 0  # at first all K are the same empty beginning: only one of them counts
    while not finished.all():
        logits, state = model.step(tokens.flatten(), state)
        gain = _only_text(logits).float().log_softmax(1).unflatten(0, (N, K))  # (N, K, V)
        V = gain.shape[2]
        stay = torch.full((V,), -torch.inf, device=device)
        stay[PAD] = 0  # what is finished goes on in one way alone: with PAD, at no cost
        total = log_p[:, :, None] + torch.where(finished[:, :, None], stay, gain)
        length = length + ~finished
        score = total / ((5 + length[:, :, None]) / 6) ** alpha
        best = score.flatten(1).topk(K).indices  # (N, K), the best first
        parent, tokens = best // V, best % V
        log_p = total.flatten(1).gather(1, best)
        length = length.gather(1, parent)
        written = torch.cat([written.gather(1, parent[:, :, None].expand_as(written)), tokens[:, :, None]], dim=2)
        finished = finished.gather(1, parent) | (tokens == END) | (written.shape[2] >= limit)
        state = state.select((first + parent).flatten())
    return _sentences(written[:, 0])


def _only_text(logits: Tensor) -> Tensor:
    """Give PAD and BEGIN no chance: they are no part of a sentence."""
    logits = logits.clone()
    logits[:, [PAD, BEGIN]] = -torch.inf
    return logits


def _sentences(tokens: Tensor) -> list[list[int]]:
    """Return the tokens of each row of (N, T) that are text."""
    return [[token for token in row if token not in (PAD, BEGIN, END)] for row in tokens.tolist()]
