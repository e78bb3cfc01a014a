"""Trainable numbers: an array, its gradient, and one flat buffer for all of them."""

from collections.abc import Iterable

import numpy as np


class Parameter:
    """A trainable array and the gradient of the loss with respect to it.

    ``backward`` adds to ``grad``; only an optimizer changes ``data``, and always in place, because after
    :func:`flatten` both are views into a larger buffer.

    Parameters
    ----------
    data : array of floats, any shape.

    Attributes
    ----------
    data, grad : arrays of the same shape and dtype; ``grad`` starts at zero.

    Notes
    -----
    To set a gradient to zero, to calculate what is to be added, and to add it, are three ways through memory where one
    would do. So :meth:`zero_grad` only notes that the gradient is zero. The zeros are written when somebody looks at
    ``grad``; a layer with a large product can ask for the memory with :meth:`blank`, and put the product there at once.
    """

    def __init__(self, data: np.ndarray) -> None:
        data = np.asarray(data)
        if not np.issubdtype(data.dtype, np.floating):
            raise TypeError(f"a Parameter holds floats, got {data.dtype}: integers have no gradient")
        self.data = data
        self.grad = np.zeros_like(data)

    @property
    def grad(self) -> np.ndarray:
        if self._is_zero:
            self._grad[...] = 0
            self._is_zero = False
        return self._grad

    @grad.setter
    def grad(self, value: np.ndarray) -> None:
        self._grad, self._is_zero = value, False

    def zero_grad(self) -> None:
        """Set the gradient to zero."""
        self._is_zero = True

    def blank(self) -> np.ndarray | None:
        """Return the gradient's memory if the gradient is zero, to be written to before :meth:`add`; else None."""
        return self._grad if self._is_zero else None

    def add(self, gradient: np.ndarray) -> None:
        """Add to the gradient; what was written into the :meth:`blank` memory is there already."""
        if gradient is self._grad:
            self._is_zero = False
        else:
            self.grad += gradient

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def size(self) -> int:
        return self.data.size

    def __repr__(self) -> str:
        return f"Parameter(shape={self.shape}, dtype={self.data.dtype})"


def flatten(parameters: Iterable[Parameter]) -> tuple[np.ndarray, np.ndarray]:
    """Move all parameters into one contiguous buffer, and all gradients into another.

    Afterwards each ``parameter.data`` is a view of a slice of the first buffer and each ``parameter.grad`` of
    the second, so one vectorised operation on a buffer reaches every parameter at once: an optimizer step over
    a hundred small arrays becomes a step over one large one. Parameters that already lie side by side, because
    they were flattened before, stay where they are.

    Returns
    -------
    data, grad : the two buffers, each of shape (P,) with P the number of scalars in all parameters together.

    Raises
    ------
    ValueError : no parameters, the same one twice, or a mixture of dtypes.
    """
    parameters = list(parameters)
    if not parameters:
        raise ValueError("got no parameters: does the model have layers with weights?")
    if len({id(p) for p in parameters}) != len(parameters):
        raise ValueError("the same Parameter was given twice: a shared weight belongs in the list once")
    dtypes = {p.data.dtype for p in parameters}
    if len(dtypes) > 1:
        raise ValueError(f"got parameters of dtypes {sorted(map(str, dtypes))}: convert the model with astype first")

    buffers = _shared_buffers(parameters)
    if buffers is not None:
        return buffers

    data = np.concatenate([p.data.ravel() for p in parameters])
    grad = np.concatenate([p.grad.ravel() for p in parameters])
    start = 0
    for p in parameters:
        stop = start + p.size
        p.data, p.grad = data[start:stop].reshape(p.shape), grad[start:stop].reshape(p.shape)
        start = stop
    return data, grad


def _shared_buffers(parameters: list[Parameter]) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the slices of the two buffers in which the parameters lie side by side, or None."""
    buffers = []
    for kind in ("data", "grad"):
        arrays = [getattr(p, kind) for p in parameters]
        base = arrays[0].base
        if base is None or base.ndim != 1 or any(a.base is not base or not a.flags.c_contiguous for a in arrays):
            return None
        first = address = arrays[0].ctypes.data
        for a in arrays:
            if a.ctypes.data != address:
                return None
            address += a.nbytes
        start = (first - base.ctypes.data) // base.itemsize
        buffers.append(base[start : start + sum(a.size for a in arrays)])
    return buffers[0], buffers[1]
