"""A value that remembers where it came from, so that the gradient can find its way back.

Each operation makes a new :class:`Value` and leaves in it two things: its ``parents``, the values it was computed
from, and ``pull``, a function that turns the gradient of the result into the gradients of the parents. By the chain
rule that is all there is to know: ``backward`` goes through the values from the last to the first, and at each one
pulls the gradient back to its parents, where the contributions of all uses add up.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any

import numpy as np

from groundup.scratch.parameter import Parameter
from groundup.scratch.tape.rules import RULES, unbroadcast

Array = np.ndarray
Pull = Callable[[Array], Sequence[Array | None]]

_numbers = count()  # every value has a number: the order in which they were made
_recording = ContextVar("recording", default=True)


class Value:
    """An array, and the gradient of the loss with respect to it.

    Parameters
    ----------
    data : floats (array, list or number), or a Parameter, whose own gradient buffer is then added to; so an optimizer
        trains it wherever its gradients come from. (In operations a Parameter may also stand as it is: ``x @ weight``.)

    Attributes
    ----------
    data : the array; do not change it between forward and backward.
    grad : None until a ``backward`` arrives, then an array of the same shape and dtype. Backwards add to it.

    Raises
    ------
    TypeError : the data are not floats.

    Notes
    -----
    Reverse mode: Linnainmaa 1970; for neural networks Rumelhart, Hinton and Williams 1986.
    """

    __array_ufunc__ = None  # so that ``array @ value`` asks Value.__rmatmul__ instead of NumPy
    __slots__ = ("__weakref__", "_parameter", "_state", "data", "grad", "number", "parents", "pull")

    def __init__(self, data: Any) -> None:
        if isinstance(data, Value):
            raise TypeError("got a Value: use it as it is, or its .data to cut it off from its history")
        self._parameter = data if isinstance(data, Parameter) else None
        self.data = data.data if isinstance(data, Parameter) else np.asarray(data)
        if self.data.dtype.kind != "f":
            raise TypeError(f"a Value holds floats, got {self.data.dtype}: integers have no gradient: write 3.0 for 3")
        self.grad: Any = data.grad if isinstance(data, Parameter) else None
        self.parents: tuple[Value | None, ...] = ()
        self.pull: Pull | None = None
        self.number = next(_numbers)
        self._state = "leaf"  # or "recorded", and after backward "used"; or "constant"

    # -- the core ------------------------------------------------------------------------------------------------

    def backward(self, upstream: Any = None) -> None:
        """Add to the ``grad`` of every value that this one was computed from, and free the graph.

        Parameters
        ----------
        upstream : the gradient of the loss with respect to this value; 1 if this value is the loss itself.

        Raises
        ------
        RuntimeError : the graph was already used, or nothing was recorded.
        ValueError : this value is not a scalar and no upstream gradient was given, or it has another shape.
        """
        if self._state == "constant":
            raise RuntimeError(
                "nothing was recorded for this value: it was computed under no_grad, or from plain arrays only, which "
                "are constants; make a Value or Parameter of what needs a gradient"
            )
        history = self._history()
        self._receive(self._first_gradient(upstream), "backward")
        while history:
            value = history.pop()
            assert value.pull is not None
            gradients = value.pull(value.grad)
            for parent, gradient in zip(value.parents, gradients, strict=True):
                if parent is not None and gradient is not None:
                    parent._receive(gradient, value.pull.__qualname__)
            value.parents, value.pull, value._state = (), None, "used"  # what only the graph held is freed here

    def _history(self) -> "list[Value]":
        """Return all computed values that this one depends on, and itself, in the order in which they were made.

        A value is made after its parents, so this order is a topological one; from last to first, a value comes
        only when the gradients of all its uses have arrived. (A loop, not a recursion: graphs are deep.)
        """
        found, waiting = {}, [self]
        while waiting:
            value = waiting.pop()
            if value._state == "used":
                raise RuntimeError(
                    "the graph was already used: a backward frees what it went through; run forward again "
                    "(for two losses, add them up and call backward once)"
                )
            if value.pull is not None and value.number not in found:
                found[value.number] = value
                waiting += [parent for parent in value.parents if parent is not None]
        return [found[number] for number in sorted(found)]

    def _receive(self, gradient: Any, source: str) -> None:
        """Add a gradient that has arrived from one use of this value."""
        if np.shape(gradient) != self.shape:
            raise ValueError(
                f"{source} gives a gradient of shape {np.shape(gradient)} to a value of shape {self.shape}"
            )
        if self._parameter is not None:
            self.grad = self._parameter.grad  # where an optimizer may have moved it
        if self.grad is None:
            self.grad = np.array(gradient, self.data.dtype)  # a copy: two parents may have got the same array
        else:
            self.grad += gradient

    def _first_gradient(self, upstream: Any) -> Array:
        if upstream is None and self.data.size != 1:
            raise ValueError(
                f"backward starts from a scalar loss, got shape {self.shape}: reduce it with .mean() or .sum(), or "
                "give the gradient of the loss with respect to this value, backward(upstream)"
            )
        upstream = np.ones_like(self.data) if upstream is None else np.asarray(upstream)
        if upstream.shape != self.shape:
            raise ValueError(f"the upstream gradient has shape {upstream.shape}, the value {self.shape}: must be equal")
        return upstream

    # -- what one writes down -----------------------------------------------------------------------------------

    def __add__(self, other: Any) -> "Value":
        return apply("add", self, other)

    def __radd__(self, other: Any) -> "Value":
        return apply("add", other, self)

    def __sub__(self, other: Any) -> "Value":
        return apply("subtract", self, other)

    def __rsub__(self, other: Any) -> "Value":
        return apply("subtract", other, self)

    def __mul__(self, other: Any) -> "Value":
        return apply("multiply", self, other)

    def __rmul__(self, other: Any) -> "Value":
        return apply("multiply", other, self)

    def __truediv__(self, other: Any) -> "Value":
        return apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> "Value":
        return apply("divide", other, self)

    def __pow__(self, other: Any) -> "Value":
        return apply("power", self, other)

    def __rpow__(self, other: Any) -> "Value":
        return apply("power", other, self)

    def __matmul__(self, other: Any) -> "Value":
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> "Value":
        return matmul(other, self)

    def __neg__(self) -> "Value":
        return apply("negative", self)

    def __getitem__(self, index: Any) -> "Value":
        return apply("getitem", self, index=index)

    def sum(self, axis: Any = None, keepdims: bool = False) -> "Value":
        return apply("sum", self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> "Value":
        total = self.sum(axis, keepdims)
        return total / (self.size / max(total.size, 1))  # how many numbers went into each sum

    def max(self, axis: Any = None, keepdims: bool = False) -> "Value":
        return apply("max", self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: Any) -> "Value":
        return apply("reshape", self, shape=shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: int) -> "Value":
        """Put the axes into another order; without arguments, into the reverse one."""
        return apply("transpose", self, axes=axes or tuple(reversed(range(self.ndim))))

    def swapaxes(self, first: int, second: int) -> "Value":
        return apply("swapaxes", self, first=first, second=second)

    # -- what it looks like -------------------------------------------------------------------------------------

    @property
    def T(self) -> "Value":
        return self.transpose()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def ndim(self) -> int:
        return self.data.ndim

    @property
    def size(self) -> int:
        return self.data.size

    @property
    def dtype(self) -> np.dtype:
        return self.data.dtype

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> "Iterator[Value]":
        return (self[i] for i in range(len(self)))

    def __float__(self) -> float:
        return float(self.data)

    def __repr__(self) -> str:
        return f"Value({np.array2string(self.data, threshold=8, separator=', ')}, shape={self.shape})"

    def __array__(self, *_: Any, **__: Any) -> Array:
        # Without this NumPy would build an array of objects out of it, slowly, and the gradient would be lost.
        raise TypeError(
            "a NumPy function got a Value, and gradients do not flow through NumPy: use the tape's operation "
            "(tape.exp, value.sum(), ...), or value.data for the plain array"
        )


# -- how an operation is recorded --------------------------------------------------------------------------------


def apply(name: str, *inputs: Any, **options: Any) -> Value:
    """Compute the operation ``name`` of the table and record it.

    Raises
    ------
    ValueError : the shapes do not fit together, or an option does not fit the shape.
    """
    forward, *rules = RULES[name]
    arrays = arrays_of(inputs)
    try:
        y = forward(*arrays, **options)
    except ValueError as error:
        raise ValueError(
            f"{name} of shapes {' and '.join(str(a.shape) for a in arrays)}: {hint(name, error)}"
        ) from None

    def pull(dy: Array) -> list[Array | None]:
        # Only for the inputs that ask; and where an input was broadcast, its gradient is a sum.
        return [
            unbroadcast(rule(dy, y, *arrays, **options), x.shape) if asks(given) else None
            for rule, x, given in zip(rules, arrays, inputs)
        ]

    pull.__qualname__ = f"the rule of {name}"
    return record(y, inputs, pull)


def record(y: Any, inputs: Sequence[Any], pull: Pull) -> Value:
    """Return the result ``y`` as a Value that remembers its inputs, if any of them asks for a gradient."""
    result = Value(y)
    if not (_recording.get() and any(map(asks, inputs))):
        result._state = "constant"
        return result
    result.parents = tuple((x if isinstance(x, Value) else Value(x)) if asks(x) else None for x in inputs)
    result.pull, result._state = pull, "recorded"
    return result


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording, as for evaluation: ``with no_grad(): ...``, or ``@no_grad()`` above a function."""
    token = _recording.set(False)
    try:
        yield
    finally:
        _recording.reset(token)


def asks(x: Any) -> bool:
    """Tell whether an input wants a gradient: Parameters do, and Values, unless they were computed from constants."""
    return isinstance(x, Parameter) or (isinstance(x, Value) and x._state != "constant")


def arrays_of(inputs: Sequence[Any]) -> list[Array]:
    """Return the inputs as arrays. Numbers, integers and booleans take the dtype of the floats that they meet.

    So a float32 network stays float32 when it is multiplied by ``np.sqrt(2)`` or by a mask of zeros and ones.
    """
    arrays = [array_of(x) for x in inputs]
    strong = [
        a.dtype
        for a, x in zip(arrays, inputs)
        if isinstance(x, (Value, Parameter)) or (a.ndim and np.issubdtype(a.dtype, np.floating))
    ]
    dtype = np.result_type(*strong) if strong else np.float64
    return [a if a.dtype in strong else a.astype(dtype) for a in arrays]


def array_of(x: Any) -> Array:
    """Return the numbers of a Value, a Parameter or anything that NumPy understands."""
    if isinstance(x, Value) and x._parameter is not None:
        x.data = x._parameter.data  # where an optimizer may have moved it
    return x.data if isinstance(x, (Value, Parameter)) else np.asarray(x)


def matmul(a: Any, b: Any) -> Value:
    """Return ``a @ b``; a vector is a matrix with one row (on the left) or one column (on the right)."""
    if array_of(b).ndim == 1:
        return matmul(a, apply("reshape", b, shape=(-1, 1)))[..., 0]
    if array_of(a).ndim == 1:
        return matmul(apply("reshape", a, shape=(1, -1)), b)[..., 0, :]
    return apply("matmul", a, b)


def hint(name: str, error: ValueError) -> str:
    """Say what the operation expects of the shapes."""
    if name == "matmul":
        return "the last axis of the first must be as long as the last but one of the second: transpose one of them?"
    if "broadcast" in str(error):
        return "compared from the right, axes must be equally long or 1: add an axis with [:, None] or reshape?"
    return str(error)
