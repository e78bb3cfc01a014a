"""Normalisation."""

from torch import nn

from groundup import scratch as gu
from groundup.compare.case import layer


def stirred(build):
    """Return a builder with random γ and β, and random running statistics: 1 and 0 would hide that one is missing."""

    def make(rng):
        made = build()
        for p in made.parameters():
            p.data[...] = rng.standard_normal(p.shape)
        for name, value in made.named_buffers():
            value[...] = 3 if name == "num_batches_tracked" else rng.uniform(0.5, 2, value.shape)
        return made

    return make


def shifted(*shape):
    """Return an input with mean 2 and standard deviation 3."""
    return lambda rng: 2 + 3 * rng.standard_normal(shape)


def norm(component, twin, x, *arguments, label="", **options):
    """One line for a normalisation whose arguments PyTorch's twin takes as well."""
    return layer(
        component,
        stirred(lambda: component(*arguments, **options)),
        x,
        twin=lambda: twin(*arguments, **options),
        label=label,
    )


CASES = [
    norm(gu.BatchNorm1d, nn.BatchNorm1d, shifted(11, 7), 7),
    norm(gu.BatchNorm1d, nn.BatchNorm1d, shifted(3, 5, 7), 5, label="with positions"),
    norm(gu.BatchNorm2d, nn.BatchNorm2d, shifted(2, 3, 5, 7), 3),
    norm(gu.BatchNorm2d, nn.BatchNorm2d, shifted(2, 3, 5, 7), 3, eps=0.3, momentum=0.7, label="eps, momentum"),
    norm(
        gu.BatchNorm2d, nn.BatchNorm2d, shifted(2, 3, 5, 7), 3, momentum=None, affine=False,
        label="average of all batches, no affine",
    ),
    norm(gu.LayerNorm, nn.LayerNorm, shifted(2, 5, 7), 7),
    norm(gu.LayerNorm, nn.LayerNorm, shifted(3, 5, 7), (5, 7), eps=0.3, label="two axes, eps"),
    norm(gu.LayerNorm, nn.LayerNorm, shifted(11, 7), 7, bias=False, label="no bias"),
    norm(gu.LayerNorm, nn.LayerNorm, shifted(11, 7), 7, elementwise_affine=False, label="no affine"),
    norm(gu.RMSNorm, nn.RMSNorm, shifted(2, 5, 7), 7),
    norm(gu.RMSNorm, nn.RMSNorm, shifted(3, 5, 7), (5, 7), eps=0.3, label="two axes, eps"),
    norm(gu.RMSNorm, nn.RMSNorm, shifted(11, 7), 7, elementwise_affine=False, label="no affine"),
    norm(gu.GroupNorm, nn.GroupNorm, shifted(2, 6, 5, 7), 3, 6),
    norm(gu.GroupNorm, nn.GroupNorm, shifted(11, 6), 2, 6, eps=0.3, label="no positions, eps"),
    norm(gu.GroupNorm, nn.GroupNorm, shifted(2, 6, 5), 2, 6, affine=False, label="no affine"),
    norm(gu.InstanceNorm1d, nn.InstanceNorm1d, shifted(2, 3, 7), 3),
    norm(gu.InstanceNorm2d, nn.InstanceNorm2d, shifted(2, 3, 5, 7), 3),
    norm(gu.InstanceNorm2d, nn.InstanceNorm2d, shifted(2, 3, 5, 7), 3, affine=True, eps=0.3, label="affine, eps"),
]  # fmt: skip
