"""What every model of a language asks of its input: tokens, whole numbers in a table (N, T)."""

import torch
from torch import Tensor

from groundup.errors import UsageError


def check_tokens(tokens: Tensor, vocabulary: int, context: int | None = None, before: int = 0) -> None:
    """Raise an error in words unless ``tokens`` are whole numbers (N, T), each from 0 to ``vocabulary - 1``.

    The values are looked at on the CPU alone: on a GPU the look would wait until everything before it is computed.

    Parameters
    ----------
    tokens : what the model was given.
    vocabulary : how many different tokens there are.
    context : the longest sequence that the model can read, if there is a longest.
    before : how many tokens of the sequence were read in earlier calls.

    Raises
    ------
    TypeError : the numbers are not whole.
    ValueError : another shape, or a token that is not in the vocabulary.
    UsageError : more tokens than the context.
    """
    if tokens.dtype not in (torch.int64, torch.int32):
        raise TypeError(f"tokens must be whole numbers (int64), got {tokens.dtype}: encode the text first?")
    if tokens.ndim != 2 or not tokens.numel():
        raise ValueError(
            f"tokens: got shape {tuple(tokens.shape)}, expected (N, T) with at least one token: "
            "for a single text write tokens[None]"
        )
    if context is not None and before + tokens.shape[1] > context:
        earlier = f"{before} earlier and " if before else ""
        raise UsageError(
            f"{earlier}{tokens.shape[1]} tokens are more than the model's context of {context}: cut the text."
        )
    if tokens.device.type == "cpu" and not torch.compiler.is_compiling():
        low, high = (int(value) for value in tokens.aminmax())
        if low < 0 or high >= vocabulary:
            wrong = low if low < 0 else high
            raise ValueError(
                f"there is no token {wrong}: expected 0 to {vocabulary - 1}. "
                "Was the text encoded with the vocabulary that the model was built for?"
            )


def check_pairs(source: Tensor, target: Tensor) -> None:
    """Raise a ValueError unless both have as many rows: row n of the target translates row n of the source."""
    if len(source) != len(target):
        raise ValueError(
            f"the source has {len(source)} rows, the target {len(target)}: each row of the target must be "
            "the translation of the same row of the source"
        )
