"""Part 2: the training pipeline that every model shares.

>>> from groundup.training import TrainConfig, train
>>> result = train(TrainConfig(model="lenet", data="digits", epochs=3))  # doctest: +SKIP
>>> result.test["accuracy"], result.folder                               # doctest: +SKIP

To read it: ``config`` says what can be chosen (and is the command line), ``run`` goes from a configuration to a tested
model, ``loop`` holds the epochs and steps, ``tasks`` what a batch and a loss are for each kind of problem, ``state``
all that changes meanwhile, ``checkpoints`` and ``folder`` what stays on disk, ``progress`` what is seen, ``processes``
how several processes share the work.
"""

from typing import TYPE_CHECKING

from groundup.training.config import (
    ImagesConfig,
    OptimizerConfig,
    ScheduleConfig,
    TextConfig,
    TrainConfig,
    TranslationConfig,
)

if TYPE_CHECKING:
    from groundup.training.run import TrainResult, resume, train

__all__ = [
    "ImagesConfig",
    "OptimizerConfig",
    "ScheduleConfig",
    "TextConfig",
    "TrainConfig",
    "TrainResult",
    "TranslationConfig",
    "resume",
    "train",
]


def __getattr__(name: str) -> object:
    """Import what needs torch only when it is asked for: the command line's help needs the configuration alone."""
    if name in ("TrainResult", "resume", "train"):
        from groundup.training import run

        return getattr(run, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
