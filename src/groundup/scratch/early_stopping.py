"""Early stopping: training on after the validation loss has turned only learns the training set by heart."""

import math

import numpy as np

from groundup.scratch.checks import check_count, check_mode
from groundup.scratch.layer import Layer

__all__ = ["EarlyStopping"]


class EarlyStopping:
    """Notice that a measured value no longer improves, and bring back the weights it was best with.

    ::

        stopping = EarlyStopping(model, patience=5)
        for epoch in range(epochs):
            ...                                      # train; measure on the validation set
            if stopping.step(validation_loss):
                break
        stopping.restore()

    Parameters
    ----------
    model : whose weights are kept; None to keep none.
    patience : stop after so many values in a row that are no improvement.
    min_delta : by how much a value must be better to count.
    mode : ``"min"`` if smaller is better (losses), ``"max"`` if larger is (accuracies).

    Attributes
    ----------
    best, best_step : the best value and at which call it came, counted from 1; infinite and 0 before the first.
    steps, bad_steps : calls so far, and since the last improvement.

    Raises
    ------
    ValueError : an option is out of its range.

    Notes
    -----
    Measure on the validation set, never on the test set: choosing the best epoch is training, too. A value that is
    NaN is never better. Source: Prechelt 1998, "Early stopping - but when?".
    """

    def __init__(
        self, model: Layer | None = None, patience: int = 5, min_delta: float = 0.0, mode: str = "min"
    ) -> None:
        check_count("patience", patience)
        check_mode(mode)
        if not min_delta >= 0:
            raise ValueError(f"min_delta must not be negative, got {min_delta}")
        self.model, self.patience, self.min_delta, self.mode = model, patience, min_delta, mode
        self.best = math.inf if mode == "min" else -math.inf
        self.best_step = self.steps = self.bad_steps = 0
        self.best_weights: dict[str, np.ndarray] | None = None

    def step(self, value: float) -> bool:
        """Take in a measured value; return whether it is time to stop."""
        self.steps += 1
        gain = self.best - value if self.mode == "min" else value - self.best
        if gain > self.min_delta:
            self.best, self.best_step, self.bad_steps = float(value), self.steps, 0
            if self.model is not None:
                self.best_weights = self.model.state_dict()  # a copy
        else:
            self.bad_steps += 1
        return self.bad_steps >= self.patience

    def restore(self) -> None:
        """Give the model the weights and buffers it had at the best value.

        Raises
        ------
        RuntimeError : there are none: no model was given, or no value was ever better than none (all NaN?).
        """
        if self.model is None or self.best_weights is None:
            reason = (
                "it was made without a model"
                if self.model is None
                else "no value has been an improvement yet (only NaN?)"
            )
            raise RuntimeError(f"EarlyStopping has no weights to restore: {reason}")
        self.model.load_state_dict(self.best_weights)
