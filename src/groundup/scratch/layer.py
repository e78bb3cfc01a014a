"""The contract of a layer, and the two ways in which layers are put together."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from groundup.scratch.parameter import Parameter

__all__ = ["Layer", "Residual", "Sequential"]


class Layer:
    """A step of the computation that can also be run backwards.

    ``forward`` maps inputs to an output and remembers what the gradient will need; ``backward`` takes the
    gradient of the loss with respect to that output, adds to the gradient of each parameter, and returns the
    gradient with respect to the input(s).

    What ``forward`` remembers goes onto a stack, and ``backward`` takes it off the top: last in, first out is
    reverse mode. So a layer that is used several times (at every time step, or with shared weights) just works,
    as long as its backwards are called in the reverse order of its forwards. In evaluation nothing is kept.

    Sub-layers and parameters are found among the attributes (also in lists), in the order of their assignment,
    and ``state_dict`` names them as PyTorch would: ``"layers.0.weight"``.

    Attributes
    ----------
    training : whether the layer is in training mode (the default); set it with ``train()`` and ``eval()``.
    """

    # Names of the arrays that are part of the state but are not trained, such as running statistics.
    buffers: tuple[str, ...] = ()

    # Whether backward has nothing to calculate, and passes on a None for a gradient that nobody needs.
    only_rearranges = False

    training: bool
    _caches: list[Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # Here rather than in __init__, so that a new layer need not remember to call super().__init__().
        layer = super().__new__(cls)
        layer.training = True
        layer._caches = []
        return layer

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def backward(self, dy: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define backward")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)

    # -- what forward leaves for backward ----------------------------------------------------------------

    def remember(self, cache: Any) -> None:
        """Put what ``backward`` will need onto the stack; in evaluation, forget it at once."""
        if self.training:
            self._caches.append(cache)

    def recall(self) -> Any:
        """Take the latest cache off the stack."""
        if not self._caches:
            why = "call forward first, and backward once for each forward"
            if not self.training:
                why = "in evaluation mode nothing is remembered; call train() before forward"
            raise RuntimeError(f"{type(self).__name__}.backward has no forward to undo: {why}")
        return self._caches.pop()

    # -- the tree of layers ------------------------------------------------------------------------------

    def children(self) -> Iterator[tuple[str, "Layer"]]:
        """Yield the name and layer of each direct sub-layer."""
        for name, value in vars(self).items():
            if isinstance(value, Layer):
                yield name, value
            elif isinstance(value, (list, tuple)):
                yield from ((f"{name}.{i}", item) for i, item in enumerate(value) if isinstance(item, Layer))

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Yield the name and Parameter of this layer and all below it; a shared one under each of its names."""
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                yield prefix + name, value
            elif isinstance(value, (list, tuple)):
                yield from ((f"{prefix}{name}.{i}", p) for i, p in enumerate(value) if isinstance(p, Parameter))
        for name, child in self.children():
            yield from child.named_parameters(f"{prefix}{name}.")

    def parameters(self) -> list[Parameter]:
        """Return every Parameter once, also when it is shared."""
        return list({id(p): p for _, p in self.named_parameters()}.values())

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
        """Yield the name and array of everything in the state that is not trained."""
        yield from ((prefix + name, getattr(self, name)) for name in self.buffers)
        for name, child in self.children():
            yield from child.named_buffers(f"{prefix}{name}.")

    def zero_grad(self) -> None:
        """Set every gradient to zero: ``backward`` adds, so each step must start from nothing."""
        for p in self.parameters():
            p.zero_grad()

    def train(self, mode: bool = True) -> Self:
        """Switch to training mode (or, with ``False``, to evaluation); what was remembered is dropped."""
        self.training = mode
        self._caches.clear()
        for _, child in self.children():
            child.train(mode)
        return self

    def eval(self) -> Self:
        """Switch to evaluation: dropout passes everything, batch norm uses its running statistics."""
        return self.train(False)

    def astype(self, dtype: Any) -> Self:
        """Convert every parameter and buffer, in place: float64 to check gradients, float32 to train."""
        for p in self.parameters():
            p.data, p.grad = p.data.astype(dtype), p.grad.astype(dtype)
        self._convert_buffers(np.dtype(dtype))
        return self

    def _convert_buffers(self, dtype: np.dtype) -> None:
        for name in self.buffers:
            value = getattr(self, name)
            if np.issubdtype(value.dtype, np.floating):  # counters stay integers
                setattr(self, name, value.astype(dtype))
        for _, child in self.children():
            child._convert_buffers(dtype)

    def skip_input_gradient(self) -> None:
        """Tell the layer that nobody needs the gradient of its input, as for the first layer of a network.

        Layers in which that gradient is expensive then return None for it; the others ignore the hint.
        """

    # -- state -------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return a copy of every parameter and buffer under the name that PyTorch gives it."""
        state = {name: p.data.copy() for name, p in self.named_parameters()}
        return state | {name: value.copy() for name, value in self.named_buffers()}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Copy a state into the parameters and buffers, in place.

        Raises
        ------
        KeyError : a name is missing or unknown.
        ValueError : a shape differs. In both cases nothing has been changed.
        """
        targets = {name: p.data for name, p in self.named_parameters()} | dict(self.named_buffers())
        missing, unknown = sorted(targets.keys() - state.keys()), sorted(state.keys() - targets.keys())
        if missing or unknown:
            raise KeyError(f"the state does not fit this model: missing {missing}, not in the model {unknown}")
        for name, target in targets.items():
            if np.shape(state[name]) != target.shape:
                raise ValueError(f"{name} has shape {np.shape(state[name])} in the state, {target.shape} in the model")
        for name, target in targets.items():
            target[...] = state[name]

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={child!r}" for name, child in self.children())
        return f"{type(self).__name__}({inside})"


class Sequential(Layer):
    """Layers one after the other: ``y = fₙ(... f₂(f₁(x)))``; backward runs through them in reverse (chain rule)."""

    def __init__(self, *layers: Layer) -> None:
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def backward(self, dy: Any) -> Any:
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy

    def children(self) -> Iterator[tuple[str, Layer]]:
        # "0.weight" rather than "layers.0.weight", as in PyTorch's Sequential.
        yield from ((str(i), layer) for i, layer in enumerate(self.layers))

    def skip_input_gradient(self) -> None:
        for layer in self.layers:
            layer.skip_input_gradient()
            if not layer.only_rearranges:
                break

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Layer:
        return self.layers[index]


class Residual(Layer):
    """Add a detour's output to its input, ``y = x + f(x)``; hence ``dx = dy + f.backward(dy)``.

    The gradient reaches ``x`` also directly, however deep the network: this is what lets very deep ones train.
    Source: He et al. 2016, "Deep residual learning for image recognition", section 3.
    """

    def __init__(self, body: Layer) -> None:
        self.body = body

    def forward(self, x: np.ndarray) -> np.ndarray:
        y = self.body(x)
        if y.shape != x.shape:
            raise ValueError(f"Residual adds input and output of its body: got {x.shape} and {y.shape}, which differ")
        return x + y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        return dy + self.body.backward(dy)
