"""The average of the weights along the way is often better than the last ones."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from groundup.scratch.optimizers.optimizer import check_decay
from groundup.scratch.parameter import Parameter

__all__ = ["WeightAverage"]

Array = np.ndarray


class WeightAverage:
    """An exponential moving average of the weights: ``a ← δ a + (1-δ) w`` after every step.

    The last weights carry the noise of the last batches; an average over about 1/(1-δ) steps carries less. Train
    with the weights, measure and use with the average::

        average = WeightAverage(model.parameters())
        ...
        optimizer.step(); average.update()
        ...
        with average.applied():        # the model now has the averaged weights
            score = accuracy(model, x, labels)

    The first ``update`` copies the weights. What is not trained, such as batch norm's running statistics, is not
    averaged.

    Parameters
    ----------
    parameters : such as ``model.parameters()``.
    decay : δ, 0 to below 1.

    Notes
    -----
    Source: Polyak and Juditsky 1992, "Acceleration of stochastic approximation by averaging", for the plain average;
    Tarvainen and Valpola 2017, "Mean teachers are better role models", section 2, for this one.
    """

    def __init__(self, parameters: Iterable[Parameter], decay: float = 0.999) -> None:
        check_decay("decay", decay)
        self.parameters, self.decay = list(parameters), decay
        self.average = [p.data.copy() for p in self.parameters]
        self.steps = 0

    def update(self) -> None:
        """Take the current weights into the average."""
        self.steps += 1
        decay = self.decay if self.steps > 1 else 0.0
        for a, p in zip(self.average, self.parameters):
            a *= decay
            a += (1 - decay) * p.data

    def swap(self) -> None:
        """Exchange weights and average, in place; a second call exchanges them back."""
        for a, p in zip(self.average, self.parameters):
            a[...], p.data[...] = p.data.copy(), a.copy()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Let the model have the averaged weights inside a ``with`` block; afterwards it has its own again."""
        self.swap()
        try:
            yield
        finally:
            self.swap()

    def state_dict(self) -> dict[str, Array]:
        """Return a copy of the average and the number of updates."""
        return {"steps": np.array(self.steps)} | {f"average.{i}": a.copy() for i, a in enumerate(self.average)}

    def load_state_dict(self, state: dict[str, Array]) -> None:
        """Restore a state from :meth:`state_dict`; one that does not fit raises an error and changes nothing."""
        mine = self.state_dict()
        if state.keys() != mine.keys():
            raise KeyError(f"the state has {sorted(state)}, this average needs {sorted(mine)}")
        for name, value in mine.items():
            if np.shape(state[name]) != value.shape:
                raise ValueError(f"{name} has shape {np.shape(state[name])} in the state, {value.shape} here")
        self.steps = int(state["steps"])
        for i, a in enumerate(self.average):
            a[...] = state[f"average.{i}"]
