"""A model in shares, one in each process, for one that does not fit into the memory of a device (FSDP2).

With Adam and 32 bits, a parameter takes 16 bytes: itself, its gradient and two averages. Data-parallel training keeps
all of it in every process. Here (Rajbhandari et al. 2020, "ZeRO", stage 3; Zhao et al. 2023, "PyTorch FSDP") each of W
processes keeps a W-th part of every tensor, and gathers the whole weights of a block only while it computes it:

    forward    for each block: gather its weights (all-gather), compute, drop what is not one's own
    backward   for each block: gather again, compute the gradient, average it and keep one's own part (reduce-scatter)
    step       on one's own part of weights, gradients and averages

A tensor in shares is a ``DTensor``: it looks whole, and operations on it concern the process's own part. Checkpoints
hold whole tensors, put together on the CPU: they are the same files as those of one process.

While the model is measured, every process has the whole weights for a while, and so its own pace, and can call more
than ``forward`` (a translation is written step by step). So the weights alone, 4 of the 16 bytes, must fit into a
device. And while a checkpoint is read, all that it holds must fit into the machine's memory, once for each process.
"""

import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor


def shard(module: nn.Module, mesh: DeviceMesh) -> nn.Module:
    """Share the module out, in place. What stands in a list or sequence is a block; the rest is one more."""
    module = module.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]  # FSDP knows no other
    # It warns if a model returns a view, which must not be changed in place; no task does that.
    warnings.filterwarnings("ignore", "FSDP2-wrapped module .* returned a view tensor")
    for block in _blocks(module):
        if any(True for _ in block.parameters()):
            fully_shard(block, mesh=mesh["data_parallel"])
    fully_shard(module, mesh=mesh["data_parallel"])
    return module


def _blocks(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the first modules on the way down that stand in a container and are none."""
    containers = (nn.Sequential, nn.ModuleList)
    for child in module.children():
        if isinstance(module, containers) and not isinstance(child, containers):
            yield child
        else:
            yield from _blocks(child)


@contextmanager
def gathered(module: nn.Module) -> Iterator[None]:
    """Let every process have the whole weights for a while; a module that is in no shares has them anyway."""
    parts = [part for part in module.modules() if isinstance(part, FSDPModule)]
    hooks = [(part._forward_pre_hooks, part._forward_hooks) for part in parts]
    for part in parts:
        part.unshard()
        # Hooks around forward gather and drop weights, together with the other processes: none for a while.
        part._forward_pre_hooks, part._forward_hooks = OrderedDict(), OrderedDict()
    try:
        yield
    finally:
        for part, (part._forward_pre_hooks, part._forward_hooks) in zip(parts, hooks):
            part.reshard()


def whole(value: Any) -> Any:
    """Return a state with whole tensors in place of shares, on the CPU. All processes must ask for it."""
    if isinstance(value, DTensor):
        return value.full_tensor().cpu()
    if isinstance(value, Mapping):
        return {name: whole(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(whole, value))
    return value


def share_of(tensor: Tensor, like: Tensor) -> Tensor:
    """Return what this process keeps of a whole tensor, if ``like`` is in shares; otherwise the tensor."""
    if not isinstance(like, DTensor) or tensor.shape != like.shape:  # such as a count of steps
        return tensor
    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def load_module(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Copy a state dict of whole tensors into a module, which may be in shares."""
    own = module.state_dict()
    module.load_state_dict({name: share_of(tensor, own.get(name, tensor)) for name, tensor in state.items()})


def load_optimizer(optimizer: optim.Optimizer, state: Mapping[str, Any]) -> None:
    """Copy a state dict of whole tensors into an optimizer whose parameters may be in shares."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    memories = {
        number: {name: share_of(value, parameters[number]) for name, value in memory.items()}
        for number, memory in state["state"].items()
    }
    optimizer.load_state_dict({**state, "state": memories})
