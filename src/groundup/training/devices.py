"""Where a run computes, in which precision, and how its processes share the work: Lightning Fabric, set up."""

import os
from typing import Any

from lightning_fabric import Fabric
from lightning_fabric.plugins.precision import MixedPrecision
from lightning_fabric.strategies.ddp import DDPStrategy
from lightning_fabric.strategies.model_parallel import ModelParallelStrategy

from groundup.errors import UsageError
from groundup.training import processes
from groundup.training.config import TrainConfig
from groundup.training.sharding import shard


def make_fabric(config: TrainConfig) -> Fabric:
    """Return what moves tensors to the device and computes in the precision that ``config`` names.

    Under torchrun it also averages the gradients over all processes, or shares the model out among them.

    Raises
    ------
    UsageError : there is no such device here, or not one for each process.
    """
    try:
        if config.precision == "32":
            fabric = Fabric(accelerator=config.device, **_layout(config))
        else:  # given as an object, it is what was asked for: by name, a CPU would compute in bf16 instead of fp16
            device = Fabric(accelerator=config.device, **_layout(config)).device.type
            mixed = MixedPrecision("bf16-mixed" if config.precision == "bf16" else "16-mixed", device)
            fabric = Fabric(accelerator=config.device, plugins=mixed, **_layout(config))
    except (RuntimeError, ValueError) as error:  # Fabric's words for a device that is missing
        raise UsageError(f"--device {config.device} does not work here: {error}") from error
    if processes.count() > 1 and fabric.device.type == "mps":
        raise UsageError("Several processes can't share the GPU of a Mac: choose --device cpu, or leave torchrun out.")
    fabric.launch()
    return fabric


def _layout(config: TrainConfig) -> dict[str, Any]:
    """Return how many devices there are for Fabric to use, here and on other machines, and in which way."""
    world = processes.count()
    if world == 1:
        processes.refuse_torchrun()  # who can share the work has joined the others
        return {"devices": 1}
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    if config.strategy == "fsdp":
        strategy = ModelParallelStrategy(shard, data_parallel_size=world, tensor_parallel_size=1)
    else:
        # Buffers need no exchange: they are equal, because batch normalisation is over all processes. DDP arranges the
        # gradients anew after its first step, unless it looks for unused ones: with three processes or more, sums are
        # then made in another order after a resume, and differ in the last bit.
        strategy = DDPStrategy(forward_sync_buffers=False, find_unused_parameters=config.deterministic)
    return {"devices": here, "num_nodes": world // here, "strategy": strategy}
