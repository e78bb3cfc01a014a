"""Masks of attention: which keys a query may not look at."""

import numpy as np

from groundup.scratch.checks import check_shape

Array = np.ndarray


def hidden_keys(
    attn_mask: Array | None, key_padding_mask: Array | None, shape: tuple[int, int, int, int]
) -> Array | None:
    """Join the two masks of a layer into one that broadcasts to ``shape`` (N, H, T, S), or None without any.

    Raises
    ------
    TypeError, ValueError : a mask that is not of booleans, or does not fit.
    """
    N, H, T, S = shape
    hidden = None
    if attn_mask is not None:
        check_mask("attn_mask", attn_mask)
        if attn_mask.shape not in ((T, S), (N * H, T, S)):
            raise ValueError(
                f"attn_mask: got shape {attn_mask.shape}, expected (T, S) = {(T, S)} for {T} queries and {S} keys, or "
                f"(N·H, T, S) = {(N * H, T, S)}: is it for another length, or transposed?"
            )
        hidden = attn_mask if attn_mask.ndim == 2 else attn_mask.reshape(shape)
    if key_padding_mask is not None:
        check_mask("key_padding_mask", key_padding_mask)
        hint = "one boolean for each key, True where it is only padding"
        check_shape("key_padding_mask", key_padding_mask, (N, S), hint)
        padding = key_padding_mask[:, None, None, :]
        hidden = padding if hidden is None else hidden | padding
    return hidden


def check_mask(name: str, mask: Array) -> None:
    """Raise TypeError unless a mask is an array of booleans."""
    if not isinstance(mask, np.ndarray) or mask.dtype != bool:
        found = mask.dtype if isinstance(mask, np.ndarray) else type(mask).__name__
        raise TypeError(f"{name} must be an array of booleans (True hides), got {found}: for 0 and -inf use mask < 0")
