"""Schedules."""

import warnings

from torch.optim import lr_scheduler

from groundup import scratch as gu
from groundup.compare.case import ScheduleCase


def line_then_cosine(optimizer):
    """PyTorch has no class for it, but puts it together from two."""
    line = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=7)
    cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=60 - 7, eta_min=0.001)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it steps its own parts once while it is being made
        return lr_scheduler.SequentialLR(optimizer, [line, cosine], milestones=[7])


def plateau(label: str, **options) -> ScheduleCase:
    return ScheduleCase(
        gu.ReduceLROnPlateau,
        lambda o: gu.ReduceLROnPlateau(o, **options),
        lambda o: lr_scheduler.ReduceLROnPlateau(o, **options),
        measured=True,
        label=label,
    )


def same(component, twin, label: str = "", **options) -> ScheduleCase:
    """One line: the same arguments for both."""
    return ScheduleCase(component, lambda o: component(o, **options), lambda o: twin(o, **options), label=label)


CASES = [
    same(gu.StepLR, lr_scheduler.StepLR, step_size=7, gamma=0.3),
    same(gu.MultiStepLR, lr_scheduler.MultiStepLR, milestones=[3, 11, 37], gamma=0.3),
    same(gu.ExponentialLR, lr_scheduler.ExponentialLR, gamma=0.9),
    same(gu.LinearLR, lr_scheduler.LinearLR, start_factor=0.1, total_iters=13),
    same(
        gu.LinearLR, lr_scheduler.LinearLR, label="downwards", start_factor=1.0, end_factor=0.2, total_iters=53
    ),
    same(gu.CosineAnnealingLR, lr_scheduler.CosineAnnealingLR, T_max=47, eta_min=0.001),
    same(gu.CosineAnnealingWarmRestarts, lr_scheduler.CosineAnnealingWarmRestarts, T_0=7, eta_min=0.001),
    same(
        gu.CosineAnnealingWarmRestarts, lr_scheduler.CosineAnnealingWarmRestarts, label="longer each time",
        T_0=5, T_mult=2, eta_min=0.001,
    ),
    ScheduleCase(
        gu.WarmupCosineLR,
        lambda o: gu.WarmupCosineLR(o, warmup_steps=7, total_steps=60, start_factor=0.1, eta_min=0.001),
        line_then_cosine,
        evidence="the twin is PyTorch's LinearLR followed by its CosineAnnealingLR",
    ),
    same(gu.OneCycleLR, lr_scheduler.OneCycleLR, max_lr=0.5, total_steps=60),
    same(
        gu.OneCycleLR, lr_scheduler.OneCycleLR, label="linear, momentum as it is", max_lr=0.5, total_steps=67,
        pct_start=0.2, anneal_strategy="linear", cycle_momentum=False, div_factor=10.0, final_div_factor=50.0,
    ),
    plateau("", patience=3, factor=0.5, threshold=0.05),
    plateau("absolute threshold, cooldown, lower limit", patience=1, factor=0.3, threshold=0.01,
            threshold_mode="abs", cooldown=4, min_lr=0.001),
    plateau("larger is better", mode="max", patience=2, factor=0.5, threshold=0.05, eps=1e-3),
    plateau("larger is better, absolute threshold", mode="max", patience=2, threshold=0.01, threshold_mode="abs"),
]  # fmt: skip
