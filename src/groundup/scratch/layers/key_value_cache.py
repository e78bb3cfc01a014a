"""What attention keeps of the tokens so far while a text is generated."""

import numpy as np

from groundup.scratch.layer import Layer

Array = np.ndarray


class KeyValueCache:
    """The keys and values of all tokens so far, so that generating the next one computes only its own.

    For each layer one. Without it, token t would again compute the keys and values of all t tokens before it, which
    cannot change: in a causal model they never see what follows.

    Parameters
    ----------
    capacity : the longest sequence; the memory is taken at once.

    Attributes
    ----------
    length : how many tokens it holds.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity, self.length = capacity, 0
        self._stored: tuple[Array, Array] | None = None

    def extend(self, key: Array, value: Array) -> tuple[Array, Array]:
        """Add keys and values (N, G, T, d) of the next T tokens; return those of all tokens, as views.

        Raises
        ------
        ValueError : more tokens than the capacity, or another batch than before.
        """
        N, G, T, d = key.shape
        end = self.length + T
        if end > self.capacity:
            raise ValueError(f"the cache holds {self.capacity} tokens, got {self.length} + {T}: start a new one")
        if self._stored is None:
            empty = np.empty((N, G, self.capacity, d), key.dtype)
            self._stored = empty, np.empty_like(empty)
        if len(self._stored[0]) != N:
            raise ValueError(f"the cache belongs to a batch of {len(self._stored[0])}, got {N}: start a new one")
        for stored, new in zip(self._stored, (key, value)):
            stored[:, :, self.length : end] = new
        self.length = end
        return self._stored[0][:, :, :end], self._stored[1][:, :, :end]


def check_cache(layer: Layer, causal: bool) -> None:
    """Raise an error unless a layer may use a cache."""
    if layer.training:
        raise RuntimeError("a KeyValueCache is for generation: call eval() first (no gradient flows through it)")
    if not causal:
        raise ValueError("a KeyValueCache needs causal=True: else what follows would change what is stored")
