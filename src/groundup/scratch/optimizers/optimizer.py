"""What all optimizers share: flat buffers, blocks, weight decay, and a state that can be saved.

All parameters are moved into one flat buffer (:func:`groundup.scratch.parameter.flatten`), so that a step is a
handful of operations on one long array, in place, however many layers there are. The operations run over that array
block by block: a block of weights, gradients and averages fits into the processor's cache, so the ten or so passes of
an Adam step read memory once instead of ten times.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from groundup.scratch.parameter import Parameter, flatten

__all__ = ["Optimizer"]

Array = np.ndarray


class Optimizer:
    """Change weights, in place, according to their gradients. A subclass says how, in ``update``.

    Parameters
    ----------
    parameters : what to train, such as ``model.parameters()``.
    lr : learning rate; a schedule may change it between steps.
    weight_decay : λ, which pulls every weight towards zero.
    decoupled : how it pulls. ``False``: ``λ w`` is added to the gradient, as the gradient of the penalty
        ``λ/2 ‖w‖²``. ``True``: the weights shrink by the factor ``1 - lr · λ`` before the update, which for
        optimizers that rescale gradients is not the same (Loshchilov and Hutter 2019, section 2).

    Attributes
    ----------
    data, grad : the flat buffers of all weights and gradients, each (P,).
    steps : updates done so far.

    Raises
    ------
    ValueError : a number out of its range, or parameters that do not go together; see :func:`flatten`.

    Notes
    -----
    All parameters get the same options. To give some of them others, such as no weight decay for biases and norms,
    make an optimizer for each set and put them together with :class:`Combined`.
    """

    # The names of the state: arrays with one number for each weight, zero at the start, and plain numbers.
    arrays: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ("steps",)

    # Weights in a block. 32,768 float32 are 128 KiB; with gradient, two averages and one temporary, 640 KiB.
    block = 32768

    def __init__(
        self, parameters: Iterable[Parameter], lr: float, weight_decay: float = 0.0, decoupled: bool = False
    ) -> None:
        if not lr >= 0:
            raise ValueError(f"the learning rate must not be negative, got {lr}")
        if not weight_decay >= 0:
            raise ValueError(f"weight_decay must not be negative, got {weight_decay}: weights would grow")
        self.parameters = list(parameters)
        self.data, self.grad = flatten(self.parameters)  # (P,), (P,)
        self._homes = [(p, p.data, p.grad) for p in self.parameters]
        self.lr, self.weight_decay, self.decoupled = lr, weight_decay, decoupled
        self.steps = 0
        for name in self.arrays:
            setattr(self, name, np.zeros_like(self.data))

    @property
    def grad(self) -> Array:
        for p in self.parameters:
            _ = p.grad  # a look at it writes the zeros that zero_grad has left out
        return self._grad

    @grad.setter
    def grad(self, value: Array) -> None:
        self._grad = value

    @property
    def parts(self) -> list["Optimizer"]:
        """The optimizers whose learning rate a schedule sets: this one, or all in a :class:`Combined`."""
        return [self]

    def zero_grad(self) -> None:
        """Set every gradient to zero: ``backward`` adds, so each step must start from nothing."""
        for p in self.parameters:
            p.zero_grad()

    def step(self) -> None:
        """Update every parameter from its gradient.

        Raises
        ------
        RuntimeError : a parameter no longer lies in this optimizer's buffers, so the update would not reach it.
        """
        self.step_slices(self.slices())

    def step_slices(self, slices: Iterable[slice]) -> None:
        """Take a step, but update only these of :meth:`slices`: other processes may do the rest."""
        self._check_homes()
        self.steps += 1
        self.advance()
        data, grad = self.data, self.grad
        for part in slices:
            w, g = data[part], grad[part]
            if self.weight_decay and self.decoupled:
                w *= 1 - self.lr * self.weight_decay
            elif self.weight_decay:
                g = g + self.weight_decay * w
            self.update(w, g, part)

    def advance(self) -> None:
        """Change, once a step, what does not belong to single weights; by default nothing."""

    def slices(self) -> Iterator[slice]:
        """Yield the parts of the flat buffers that are updated one after the other."""
        return (slice(start, start + self.block) for start in range(0, self.data.size, self.block))

    def update(self, w: Array, g: Array, part: slice) -> None:
        """Change the weights ``w`` and the state ``[part]`` in place; the gradient ``g`` is only read."""
        raise NotImplementedError(f"{type(self).__name__} does not define update")

    def move(self, data: Array, grad: Array, state: Iterable[Array]) -> None:
        """Use other buffers, each (P,), for the weights, the gradients and the arrays of the state.

        Nothing is copied: what they hold is what holds from now on. Such buffers may be memory that processes share.
        """
        start = 0
        for p in self.parameters:
            stop = start + p.size
            p.data, p.grad = data[start:stop].reshape(p.shape), grad[start:stop].reshape(p.shape)
            start = stop
        self.data, self.grad = data, grad
        self._homes = [(p, p.data, p.grad) for p in self.parameters]
        for name, array in zip(self.arrays, state, strict=True):
            setattr(self, name, array)

    def state_dict(self) -> dict[str, Array]:
        """Return a copy of the learning rate and the state, each array of shape (P,) or ()."""
        return {name: np.array(getattr(self, name)) for name in ("lr", *self.numbers, *self.arrays)}

    def load_state_dict(self, state: dict[str, Array]) -> None:
        """Restore a state from :meth:`state_dict`.

        Raises
        ------
        KeyError : it is another optimizer's.
        ValueError : it is of another model. In both cases nothing has been changed.
        """
        mine = Optimizer.state_dict(self)
        if state.keys() != mine.keys():
            raise KeyError(f"the state has {sorted(state)}, {type(self).__name__} needs {sorted(mine)}")
        for name, value in mine.items():
            if np.shape(state[name]) != value.shape:
                raise ValueError(f"{name} has shape {np.shape(state[name])} in the state, {value.shape} here")
        for name in ("lr", *self.numbers):
            # Numbers stay Python's: a NumPy float64 would drag float32 arrays up to float64.
            setattr(self, name, np.asarray(state[name]).item())
        for name in self.arrays:
            getattr(self, name)[...] = state[name]

    def _check_homes(self) -> None:
        if not all(p.data is data and p.grad is grad for p, data, grad in self._homes):
            raise RuntimeError(
                "parameters have moved since this optimizer was made: make it after astype(), assign into "
                "parameter.data[...], and make only one optimizer for a set of parameters"
            )


def check_betas(betas: tuple[float, float]) -> None:
    """Raise ValueError unless both decay rates are in [0, 1)."""
    if len(betas) != 2 or not all(0 <= b < 1 for b in betas):
        raise ValueError(f"betas must be two numbers in [0, 1), got {betas}: at 1 nothing is ever forgotten")


def check_decay(name: str, value: float) -> None:
    """Raise ValueError unless a decay rate is in [0, 1)."""
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be in [0, 1), got {value}: at 1 nothing is ever forgotten")
