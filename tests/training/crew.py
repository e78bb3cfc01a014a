"""Several processes that train one model, as torchrun starts them, but quicker.

torchrun's own launcher starts and watches them; they are forked from a process that has imported torch, so each costs a
fraction of a second.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import toys
from killing import forkserver

from groundup.training import TrainConfig


def crew(said: Path, work: Callable[..., Any], *arguments: Any, count: int = 2) -> list[Any]:
    """Call ``work(*arguments)`` in ``count`` processes, and return what each of them returned.

    Parameters
    ----------
    said : a file for what they write to standard error.
    work : a function of a module, so that it can be named to other processes.
    """
    here, there = forkserver.Pipe()
    process = forkserver.Process(target=_launch, args=(there, said, count, work, arguments))
    process.start()
    there.close()
    assert here.poll(240), "the processes hang"
    try:
        return here.recv()
    except EOFError:
        raise AssertionError(said.read_text()) from None
    finally:
        process.join()


def _launch(answer: Any, said: Path, count: int, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    import torch
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    torch.set_num_threads(1)
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    toys.register_toys()
    config = LaunchConfig(
        min_nodes=1, max_nodes=1, nproc_per_node=count, rdzv_backend="c10d", rdzv_endpoint="localhost:0",
        run_id=str(os.getpid()), max_restarts=0, monitor_interval=0.05, start_method="fork",
    )  # fmt: skip
    results = elastic_launch(config, work)(*arguments)
    answer.send([results[rank] for rank in sorted(results)])


def train_all(configs: dict[str, TrainConfig], folder: Path, stop_after: int = 0) -> dict[str, dict[str, Any]]:
    """Begin a run for each configuration, or resume it if there is one; return the summaries.

    With ``stop_after`` = n it ends, as if by a failure, when its n-th epoch is over.
    """
    from groundup.training import resume, train

    class Enough(Exception):
        pass

    def look(record: dict[str, Any]) -> None:
        if record["epoch"] == stop_after:
            raise Enough

    summaries = {}
    for name, config in configs.items():
        dataset = toys.small_text() if config.model == "toy_text" else toys.small_digits()
        place = folder / name
        try:
            if (place / "config.json").exists():
                summaries[name] = resume(place, dataset, page=False, on_epoch=look).summary()
            else:
                summaries[name] = train(config, dataset, place, page=False, on_epoch=look).summary()
        except Enough:
            continue
    return summaries
