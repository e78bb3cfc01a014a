"""What the models ask of settings that many of them have."""

from groundup.errors import UsageError


def require_dropout(dropout: float, name: str = "dropout") -> None:
    """Raise a UsageError unless ``dropout`` is a probability from 0 to below 1: at 1 nothing would be left."""
    if not 0 <= dropout < 1:
        raise UsageError(f"{name} is {dropout}; expected from 0 to below 1.")
