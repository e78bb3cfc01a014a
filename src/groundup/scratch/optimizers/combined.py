"""Several optimizers as one."""

import numpy as np

from groundup.scratch.optimizers.optimizer import Optimizer

__all__ = ["Combined"]


class Combined(Optimizer):
    """Several optimizers that step together, each over its own parameters and with its own options.

    What PyTorch does with parameter groups::

        matrices = [p for p in model.parameters() if p.data.ndim >= 2]
        others = [p for p in model.parameters() if p.data.ndim < 2]      # biases, norms: no weight decay
        optimizer = Combined(AdamW(matrices, weight_decay=0.1), AdamW(others, weight_decay=0.0))

    The parts may be of different classes, such as :class:`Muon` for hidden matrices and :class:`AdamW` for the
    rest. A schedule sets the learning rate of each part from that part's own.

    Raises
    ------
    ValueError : no optimizers, or a parameter that two of them hold.
    """

    def __init__(self, *optimizers: Optimizer) -> None:
        if not optimizers:
            raise ValueError("Combined got no optimizers")
        self.optimizers = list(optimizers)
        self.parameters = [p for optimizer in optimizers for p in optimizer.parameters]
        if len({id(p) for p in self.parameters}) != len(self.parameters):
            raise ValueError("two of the optimizers hold the same Parameter: it would be updated twice a step")

    @property
    def parts(self) -> list[Optimizer]:
        return [part for optimizer in self.optimizers for part in optimizer.parts]

    @property
    def lr(self) -> float:
        """The learning rate of the first part; each part has its own."""
        return self.parts[0].lr

    def zero_grad(self) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad()

    def step(self) -> None:
        for optimizer in self.optimizers:
            optimizer.step()

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return the states of all parts, as ``"0.lr"``, ``"1.m"`` ..."""
        return {f"{i}.{name}": v for i, part in enumerate(self.optimizers) for name, v in part.state_dict().items()}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Restore a state from :meth:`state_dict`; a state with other names raises KeyError and changes nothing."""
        if state.keys() != self.state_dict().keys():
            raise KeyError(f"the state has {sorted(state)}, this needs {sorted(self.state_dict())}")
        for i, part in enumerate(self.optimizers):
            mine = f"{i}."
            part.load_state_dict({name.removeprefix(mine): v for name, v in state.items() if name.startswith(mine)})
