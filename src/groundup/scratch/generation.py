"""Writing: draw the next token from the model's prediction, append it, and predict again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from groundup.scratch.models.char_rnn import CharRNN
from groundup.scratch.models.gpt import GPT

Array = np.ndarray
Reader = Callable[[Array], Array]  # from a text (N, T), longer in every call, to the logits (N, V) of what follows


def sample(logits: Array, *, temperature: float = 1.0, top_k: int | None = None, rng: np.random.Generator) -> Array:
    """Draw one token from each row of logits (N, V): from ``softmax(logits / temperature)``; returns (N,) ints.

    Parameters
    ----------
    temperature : below 1 the likely become likelier, above 1 all become more alike; at 0 the likeliest is taken.
    top_k : draw only from the k likeliest (from more, where several are equally likely).
    rng : source of the draws.
    """
    if not temperature >= 0:
        raise ValueError(f"temperature must not be negative, got {temperature}")
    V = logits.shape[-1]
    if top_k is not None and not 1 <= top_k <= V:
        raise ValueError(f"top_k must be from 1 to the size of the vocabulary, {V}, got {top_k}")
    if temperature == 0:
        return logits.argmax(axis=-1)
    scores = logits.astype(np.float64)
    scores -= scores.max(axis=-1, keepdims=True)  # before the division: a tiny temperature must not overflow
    if top_k is not None:
        scores[scores < np.partition(scores, V - top_k, axis=-1)[:, V - top_k, None]] = -np.inf
    up_to = np.exp(scores / temperature).cumsum(axis=-1)  # (N, V), the distribution function times its last value
    return (up_to <= rng.random((len(scores), 1)) * up_to[:, -1:]).sum(axis=-1)


def generate(
    model: GPT | CharRNN,
    tokens: Array,
    count: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    rng: np.random.Generator,
) -> Array:
    """Continue a text by ``count`` tokens; in evaluation mode, whose state before is restored.

    Parameters
    ----------
    model : a GPT or a CharRNN.
    tokens : (T,) or (N, T), at least one token; how each text begins.
    count : how many tokens to append.
    temperature, top_k, rng : see :func:`sample`.

    Returns
    -------
    tokens : (T + count,) or (N, T + count), the given ones and the new ones.
    """
    tokens = np.asarray(tokens)
    text = np.atleast_2d(tokens)  # (N, T)
    if text.ndim != 2 or text.shape[1] == 0:
        raise ValueError(f"tokens: got shape {tokens.shape}, expected (T,) or (N, T) with at least one token")
    if count < 0:
        raise ValueError(f"count must not be negative, got {count}")
    was_training = model.training
    model.eval()
    try:
        read = gpt_reader(model) if isinstance(model, GPT) else rnn_reader(model)
        for _ in range(count):
            following = sample(read(text), temperature=temperature, top_k=top_k, rng=rng)
            text = np.concatenate([text, following[:, None]], axis=1)
    finally:
        model.train(was_training)
    return text[0] if tokens.ndim == 1 else text


def rnn_reader(model: CharRNN) -> Reader:
    """Read on from the state after what was read before; its cost does not grow with the text."""
    seen, state = 0, []

    def read(text: Array) -> Array:
        nonlocal seen, state
        logits, *state = model(text[:, seen:], *state)
        seen = text.shape[1]
        return logits[:, -1]

    return read


def gpt_reader(model: GPT) -> Reader:
    """Compute keys and values of the new tokens only; those before are kept in the model's caches.

    When the context is full, the model goes on from the last half of it, read anew from position 0: its memory is
    between one half and the whole of its context. (Dropping just the oldest token would shift all others to new
    positions, and everything would have to be computed again for each token.)
    """
    seen, caches = 0, model.new_caches()

    def read(text: Array) -> Array:
        nonlocal seen, caches
        unread = text[:, seen:] if seen else text[:, -model.context :]
        if caches[0].length + unread.shape[1] > model.context:
            unread, caches = text[:, -max(1, model.context // 2) :], model.new_caches()
        seen = text.shape[1]
        return model(unread, caches)[:, -1]

    return read
