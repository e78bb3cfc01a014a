"""Batch normalisation over the whole batch, though each process has a share of it.

Batch normalisation (Ioffe and Szegedy 2015, algorithm 1) shifts and scales each channel by its mean and variance in the
batch. If each process took those of its own rows, it would train another model than one process alone does: with W
processes, one whose batches are W times smaller. So the sums behind mean and variance are made over all processes:

    mean = Σ x / n,  variance = Σ (x - mean)² / n,  with n, Σ over the rows and pixels of all shares

and the gradient flows back through these sums to every process. On NVIDIA's GPUs torch has this as ``SyncBatchNorm``;
here it is written out, for the CPU, where torch has none. The parts of ``--accumulate`` are normalised one by one, as
they are with one process; each has its share of rows in every process.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def share_statistics(module: nn.Module, device: torch.device) -> nn.Module:
    """Return the module with batch normalisation over all processes; parameters and their names stay."""
    if device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(module)
    for part in module.modules():
        if isinstance(part, _BatchNorm):
            part.__class__ = WholeBatchNorm  # the same numbers and settings, another forward
    return module


class WholeBatchNorm(_BatchNorm):
    """Batch normalisation whose statistics in training are those of all processes; x (N, C, ...), any N in each."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        x = input.to(torch.promote_types(input.dtype, torch.float32))  # 16 bits are too few for sums
        others = [axis for axis in range(x.ndim) if axis != 1]
        column = [-1 if axis == 1 else 1 for axis in range(x.ndim)]  # shape of (C,) beside x
        own = x.new_tensor([x.numel() // x.shape[1]])
        sums = SumOverProcesses.apply(torch.cat([x.sum(others), own]))  # Σ x of each channel, and n
        mean, n = sums[:-1] / sums[-1], sums[-1]
        centred = x - mean.reshape(column)
        variance = SumOverProcesses.apply(centred.square().sum(others)) / n
        self._remember(mean.detach(), variance.detach() * n / (n - 1).clamp(min=1))
        scale = torch.rsqrt(variance + self.eps)
        y = centred * (scale if self.weight is None else scale * self.weight).reshape(column)
        return (y if self.bias is None else y + self.bias.reshape(column)).to(input.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, unbiased: Tensor) -> None:
        """Take mean and variance into the running statistics, which evaluation uses."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        share = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean), share)
        self.running_var.lerp_(unbiased.to(self.running_var), share)

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of axes will do."""


class SumOverProcesses(torch.autograd.Function):
    """y = Σ x over the processes. Every process's loss depends on every x, so dx = Σ dy over the processes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = x.clone()
        dist.all_reduce(y)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        dx = gradients[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(dx)
        return dx
