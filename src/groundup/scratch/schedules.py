"""Schedules: how the learning rate changes during training.

Large steps cover ground, small ones settle. Each schedule is a formula for the learning rate at step k, so that to go
on at step k after an interruption takes nothing but the number k. Names, arguments and values are PyTorch's::

    schedule = CosineAnnealingLR(optimizer, T_max=steps)     # sets optimizer.lr for the first step
    for ...:
        optimizer.step()
        schedule.step()                                      # sets it for the next

Whether a step is a batch or an epoch is for the caller to say, by when ``step`` is called.
"""

import math
from bisect import bisect_right
from typing import Any

from groundup.scratch.checks import check_count, check_mode
from groundup.scratch.optimizers import Optimizer

__all__ = [
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "Schedule",
    "StepLR",
    "WarmupCosineLR",
]


class Schedule:
    """Set ``optimizer.lr`` to ``lr_at(step, base)``, a formula that a subclass gives.

    Parameters
    ----------
    optimizer : its learning rate at this moment is the base; each part of a ``Combined`` has a base of its own.

    Attributes
    ----------
    steps : how often ``step`` has been called: k.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.bases = [part.lr for part in optimizer.parts]
        self.steps = 0
        self.apply()

    def lr_at(self, step: int, base: float) -> float:
        """Return the learning rate for step ``step``, counted from 0."""
        raise NotImplementedError(f"{type(self).__name__} does not define lr_at")

    def apply(self) -> None:
        """Set the learning rate that belongs to the present step."""
        for part, base in zip(self.optimizer.parts, self.bases):
            part.lr = self.lr_at(self.steps, base)

    def step(self) -> None:
        """Go on to the next step."""
        self.steps += 1
        self.apply()

    def state_dict(self) -> dict[str, Any]:
        """Return the number of steps and the base learning rates."""
        return {"steps": self.steps, "bases": list(self.bases)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where :meth:`state_dict` was taken.

        Raises
        ------
        KeyError, ValueError : it belongs to another schedule, or to an optimizer of more or fewer parts.
        """
        mine = self.state_dict()
        if state.keys() != mine.keys():
            raise KeyError(f"the state has {sorted(state)}, {type(self).__name__} needs {sorted(mine)}")
        if "bases" in mine and len(state["bases"]) != len(mine["bases"]):
            raise ValueError(
                f"the state has {len(state['bases'])} learning rates, the optimizer has {len(mine['bases'])} parts"
            )
        for name, value in state.items():
            setattr(self, name, list(value) if isinstance(value, list) else value)
        self.apply()


class StepLR(Schedule):
    """Multiply by γ every ``step_size`` steps: ``base · γ^⌊k / step_size⌋``."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        check_count("step_size", step_size)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def lr_at(self, step: int, base: float) -> float:
        return base * self.gamma ** (step // self.step_size)


class MultiStepLR(Schedule):
    """Multiply by γ at each of the milestones: ``base · γ^(number of milestones ≤ k)``."""

    def __init__(self, optimizer: Optimizer, milestones: list[int], gamma: float = 0.1) -> None:
        if list(milestones) != sorted(milestones):
            raise ValueError(f"milestones must rise, got {milestones}")
        self.milestones, self.gamma = list(milestones), gamma
        super().__init__(optimizer)

    def lr_at(self, step: int, base: float) -> float:
        return base * self.gamma ** bisect_right(self.milestones, step)


class ExponentialLR(Schedule):
    """Multiply by γ in every step: ``base · γᵏ``."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def lr_at(self, step: int, base: float) -> float:
        return base * self.gamma**step


class LinearLR(Schedule):
    """Go in a straight line from ``start_factor · base`` to ``end_factor · base``, and stay there: a warm-up.

    ``base · (s + (e - s) · min(k/total_iters, 1))``. Early gradients, and the averages that Adam has of them, are
    erratic: small first steps keep them from doing harm.
    Source: Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2.
    """

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        check_count("total_iters", total_iters)
        check_factor("start_factor", start_factor)
        if not 0 <= end_factor <= 1:
            raise ValueError(f"end_factor must be from 0 to 1, got {end_factor}")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer)

    def lr_at(self, step: int, base: float) -> float:
        done = min(step / self.total_iters, 1.0)
        return base * (self.start_factor + (self.end_factor - self.start_factor) * done)


class CosineAnnealingLR(Schedule):
    """Follow half a wave of the cosine down to ``eta_min``: slowly at first and at the end.

    ``eta_min + (base - eta_min) · (1 + cos(π k / T_max)) / 2``. After ``T_max`` steps the wave comes up again, as
    in PyTorch: stop there.
    Source: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation 5.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        check_count("T_max", T_max)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def lr_at(self, step: int, base: float) -> float:
        return cosine(base, self.eta_min, step / self.T_max)


class CosineAnnealingWarmRestarts(Schedule):
    """Cosine annealing that starts again at the base after ``T_0`` steps, then after ``T_0 · T_mult``, and so on.

    Source: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", section 3.
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> None:
        check_count("T_0", T_0)
        check_count("T_mult", T_mult)
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer)

    def lr_at(self, step: int, base: float) -> float:
        if self.T_mult == 1:
            return cosine(base, self.eta_min, step % self.T_0 / self.T_0)
        length = self.T_0
        for _ in range(step):  # leave one round after the other behind; they soon get longer than any training
            if step < length:
                break
            step -= length
            length *= self.T_mult
        return cosine(base, self.eta_min, step / length)


class WarmupCosineLR(Schedule):
    """A straight line up to the base in ``warmup_steps``, then half a cosine down to ``eta_min``: GPT's schedule.

    For k < warmup: ``base · (s + (1 - s) · k/warmup)``; then ``eta_min + (base - eta_min)(1 + cos(π p))/2`` with p
    the share of the remaining steps that is done. After ``total_steps`` it stays at ``eta_min``.

    Parameters
    ----------
    optimizer : see :class:`Schedule`.
    warmup_steps, total_steps : length of the line, and of line and cosine together.
    start_factor : s, above 0 so that the first step is not wasted.
    eta_min : where it ends.

    Notes
    -----
    Source: Radford et al. 2018, "Improving language understanding by generative pre-training", section 4.1.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        warmup_steps: int,
        total_steps: int,
        start_factor: float = 0.01,
        eta_min: float = 0.0,
    ) -> None:
        check_count("warmup_steps", warmup_steps)
        check_factor("start_factor", start_factor)
        if total_steps <= warmup_steps:
            raise ValueError(f"total_steps must exceed warmup_steps, got {total_steps} and {warmup_steps}")
        self.warmup_steps, self.total_steps = warmup_steps, total_steps
        self.start_factor, self.eta_min = start_factor, eta_min
        super().__init__(optimizer)

    def lr_at(self, step: int, base: float) -> float:
        if step < self.warmup_steps:
            return base * (self.start_factor + (1 - self.start_factor) * step / self.warmup_steps)
        done = (step - self.warmup_steps) / (self.total_steps - self.warmup_steps)
        return cosine(base, self.eta_min, min(done, 1.0))


class OneCycleLR(Schedule):
    """Up to ``max_lr`` and down to almost nothing, once; momentum goes the other way.

    From ``max_lr / div_factor`` up during the first ``pct_start`` of the steps, then down to the start divided by
    ``final_div_factor``. While steps are large, momentum is lowered from ``max_momentum`` to ``base_momentum``. The
    learning rate that the optimizer had before does not count.

    Parameters
    ----------
    optimizer : with ``momentum`` or ``betas``, unless ``cycle_momentum=False``.
    max_lr : the peak.
    total_steps : in the whole cycle; more raise an error.
    pct_start : share of the steps that go up.
    anneal_strategy : ``"cos"`` or ``"linear"``.
    cycle_momentum, base_momentum, max_momentum : whether momentum (or β₁) cycles, its lowest and highest value.
    div_factor, final_div_factor : see above.

    Notes
    -----
    Source: Smith and Topin 2018, "Super-convergence: very fast training of neural networks using large learning
    rates", section 3; two phases, as in PyTorch.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        check_count("total_steps", total_steps)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f'anneal_strategy must be "cos" or "linear", got {anneal_strategy!r}')
        if not 1 < pct_start * total_steps < total_steps:
            raise ValueError(
                f"pct_start {pct_start} of {total_steps} steps is {pct_start * total_steps:g}: "
                "both the way up and the way down need more than one step"
            )
        if cycle_momentum and not all(has_momentum(part) for part in optimizer.parts):
            raise ValueError("the optimizer has no momentum to cycle: give it one, or pass cycle_momentum=False")
        self.max_lr, self.total_steps, self.pct_start = max_lr, total_steps, pct_start
        self.anneal = cosine if anneal_strategy == "cos" else straight
        self.cycle_momentum, self.base_momentum, self.max_momentum = cycle_momentum, base_momentum, max_momentum
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        super().__init__(optimizer)

    def cycle(self, step: int, start: float, peak: float, end: float) -> float:
        """Return the value at a step of a way from ``start`` to ``peak`` and on to ``end``."""
        if step > self.total_steps:
            raise ValueError(f"step {step} of a cycle of {self.total_steps}: give OneCycleLR the number of all steps")
        top, last = self.pct_start * self.total_steps - 1, self.total_steps - 1
        if step <= top:
            return self.anneal(start, peak, step / top)
        return self.anneal(peak, end, (step - top) / (last - top))

    def lr_at(self, step: int, base: float) -> float:
        start = self.max_lr / self.div_factor
        return self.cycle(step, start, self.max_lr, start / self.final_div_factor)

    def momentum_at(self, step: int) -> float:
        """Return momentum (or β₁) for step ``step``."""
        return self.cycle(step, self.max_momentum, self.base_momentum, self.max_momentum)

    def apply(self) -> None:
        super().apply()
        if self.cycle_momentum:
            for part in self.optimizer.parts:
                set_momentum(part, self.momentum_at(self.steps))


class ReduceLROnPlateau(Schedule):
    """Multiply by ``factor`` when a measured value has not become better for more than ``patience`` steps.

    The only schedule that looks at what happens: call ``step(value)``, usually with the validation loss.

    Parameters
    ----------
    optimizer : see :class:`Schedule`.
    mode : ``"min"`` if smaller is better (losses), ``"max"`` if larger is (accuracies).
    factor : below 1.
    patience : how many steps without improvement are accepted.
    threshold, threshold_mode : what counts as better. ``"rel"``: by this share of the best value; ``"abs"``: by
        this amount.
    cooldown : steps after a reduction in which nothing is counted.
    min_lr : never go below.
    eps : leave out reductions smaller than this.

    Notes
    -----
    A value that is NaN is never better.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        check_mode(mode)
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f'threshold_mode must be "rel" or "abs", got {threshold_mode!r}')
        if not 0 < factor < 1:
            raise ValueError(f"factor must be between 0 and 1, got {factor}")
        self.mode, self.factor, self.patience, self.cooldown = mode, factor, patience, cooldown
        self.threshold, self.threshold_mode, self.min_lr, self.eps = threshold, threshold_mode, min_lr, eps
        self.best = math.inf if mode == "min" else -math.inf
        self.bad_steps = self.cooldown_left = 0
        super().__init__(optimizer)

    def apply(self) -> None:
        """There is no formula: the learning rates are part of the state, as ``bases``."""
        for part, lr in zip(self.optimizer.parts, self.bases):
            part.lr = lr

    def is_better(self, value: float) -> bool:
        """Tell whether a value improves on the best by more than the threshold."""
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            return sign * value > sign * self.best * (1 + sign * self.threshold)
        return sign * value > sign * self.best + self.threshold

    def step(self, value: float) -> None:
        """Take in a measured value; reduce the learning rate if patience is at its end."""
        self.steps += 1
        if self.is_better(float(value)):
            self.best, self.bad_steps = float(value), 0
        else:
            self.bad_steps += 1
        if self.cooldown_left > 0:
            self.cooldown_left -= 1
            self.bad_steps = 0
        if self.bad_steps > self.patience:
            reduced = [max(lr * self.factor, self.min_lr) for lr in self.bases]
            self.bases = [new if old - new > self.eps else old for old, new in zip(self.bases, reduced)]
            self.cooldown_left, self.bad_steps = self.cooldown, 0
            self.apply()

    def state_dict(self) -> dict[str, Any]:
        """Return the learning rates, the best value and the counters."""
        names = ("best", "bad_steps", "cooldown_left")
        return super().state_dict() | {name: getattr(self, name) for name in names}


def cosine(start: float, end: float, done: float) -> float:
    """Return the value on half a wave of the cosine from ``start`` to ``end``, of which the share ``done`` is done."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def straight(start: float, end: float, done: float) -> float:
    """Return the value on a straight line from ``start`` to ``end``."""
    return start + (end - start) * done


def has_momentum(part: Any) -> bool:
    return hasattr(part, "betas") or getattr(part, "momentum", 0) > 0


def set_momentum(part: Any, value: float) -> None:
    if hasattr(part, "betas"):
        part.betas = (value, *part.betas[1:])
    else:
        part.momentum = value


def check_factor(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise ValueError(f"{name} must be above 0 and at most 1, got {value}")
