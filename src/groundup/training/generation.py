"""Writing: a model's guess of the next token, a draw from it, and again with one token more.

>>> generate(model, tokens, 200, temperature=0.8, top_k=20, generator=torch.Generator().manual_seed(0))

A model that always takes the likeliest token repeats itself; one that draws from all of its distribution now and then
takes something absurd, and has to go on from there. Between the two lie three settings (see :func:`distribution`):
a temperature, the number of candidates, and the share of the probability that the candidates hold together.

Letters: N texts side by side, T time, V vocabulary.
"""

from typing import Any

import torch
from torch import Tensor, nn

from groundup.errors import UsageError
from groundup.training.evaluation import evaluation_mode

TEMPERATURE = 0.8  # bold enough for new things, careful enough for words, unless something else is asked for


def distribution(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """Return the probabilities (N, V), float64, that the next token is drawn from; each row sums to 1.

    ``softmax(logits / temperature)``, of which only candidates are kept: the ``top_k`` likeliest, and among them the
    fewest that together hold at least ``top_p`` of the probability. What they held is scaled up to 1.

    Parameters
    ----------
    logits : (N, V)
    temperature : below 1 the likely becomes likelier, above 1 all become more alike; at 0 the likeliest is certain.
    top_k : how many candidates to keep, at most; tokens as likely as the last of them stay too. None: all.
    top_p : the share that the candidates shall hold, above 0, at most 1; it keeps few where the model is sure, and
        many where it is not (Holtzman et al. 2020, "The curious case of neural text degeneration", section 3.1,
        nucleus sampling). None: all.

    Raises
    ------
    UsageError : a setting outside of its range.
    """
    V = logits.shape[-1]
    if not temperature >= 0 or temperature == float("inf"):
        raise UsageError(f"--temperature is {temperature}; expected 0 (always the likeliest) or more, such as 0.8.")
    if top_k is not None and top_k < 1:
        raise UsageError(f"--top-k is {top_k}; expected 1 or more: the number of candidates.")
    if top_p is not None and not 0 < top_p <= 1:
        raise UsageError(f"--top-p is {top_p}; expected above 0, at most 1: a share of the probability, such as 0.9.")
    logits = logits.double()
    logits = logits - logits.amax(-1, keepdim=True)  # first: a tiny temperature must not make infinities of all
    if temperature == 0:
        return torch.zeros_like(logits).scatter(-1, logits.argmax(-1, keepdim=True), 1.0)
    scores = logits / temperature
    if top_k is not None and top_k < V:
        least = scores.topk(top_k).values[:, -1:]  # (N, 1), of the last candidate
        scores = scores.masked_fill(scores < least, -torch.inf)
    p = scores.softmax(-1)
    if top_p is not None and top_p < 1:
        ordered, token = p.sort(descending=True, stable=True)
        likelier = ordered.cumsum(-1) - ordered  # what the tokens before it hold together
        p = torch.zeros_like(p).scatter(-1, token, ordered.masked_fill(likelier >= top_p, 0))
    return p / p.sum(-1, keepdim=True)


@torch.no_grad()
def generate(
    model: nn.Module,
    tokens: Tensor,
    count: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    cache: bool = True,
) -> Tensor:
    """Continue texts by ``count`` tokens; the model writes in evaluation mode, and then goes back to its own.

    A model with a context reads at most so many tokens. When they are used up, it goes on from the last half of
    them, read anew from position 0: what it sees is between one half and the whole of its context.

    Parameters
    ----------
    model : a language model that reads in pieces: ``read(tokens, memory)`` returns the logits (N, T, V) of what follows
        each token, and the memory with which the next call reads on.
    tokens : (N, T) with at least one token: how each text begins.
    count : how many tokens to append.
    temperature, top_k, top_p : see :func:`distribution`.
    generator : source of the draws, on the CPU; torch's global one if left out.
    cache : keep what was computed of the tokens before. Without it all is computed anew for each token: the same text
        (but for rounding), later.

    Returns
    -------
    tokens : (N, T + count), the given ones and the new ones.
    """
    if tokens.ndim != 2 or tokens.shape[1] == 0:
        raise ValueError(f"tokens: got shape {tuple(tokens.shape)}, expected (N, T) with at least one token")
    if count < 0:
        raise UsageError(f"--tokens is {count}; expected 0 or more.")
    read: Any = getattr(model, "read", None)
    if read is None:
        raise UsageError(f"{type(model).__name__} does not write: it has no way to read a text in pieces.")
    context = getattr(getattr(model, "config", None), "context", None)
    start = max(0, tokens.shape[1] - context) if context else 0  # of what the model sees
    seen, memory = start, None  # tokens up to here are in the memory
    with evaluation_mode(model):
        for _ in range(count):
            T = tokens.shape[1]
            if context and T - start > context:
                start = seen = T - max(1, context // 2)
                memory = None
            if not cache:
                seen, memory = start, None
            logits, memory = read(tokens[:, seen:], memory)
            seen = T
            p = distribution(logits[:, -1].cpu(), temperature, top_k, top_p)
            following = torch.multinomial(p, 1, generator=generator)  # (N, 1)
            tokens = torch.cat([tokens, following.to(tokens.device)], dim=1)
    return tokens
