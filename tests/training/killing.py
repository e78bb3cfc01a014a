"""Runs in processes of their own, which can be killed: by another process, or by themselves at a chosen moment.

The processes are forked from one that has imported torch, so each costs a fraction of a second.
"""

import multiprocessing
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import toys

from groundup.training import TrainConfig

forkserver = multiprocessing.get_context("forkserver")
forkserver.set_forkserver_preload(
    ["killing", "groundup.training.run", "groundup.training.experiments.search", "torch.utils.tensorboard"]
)


@dataclass
class Run:
    """A run that is started, killed and resumed until it ends.

    Parameters
    ----------
    config : of one of the toys.
    folder : where it writes.
    """

    config: TrainConfig
    folder: Path

    def start(self, kill_at: int = 0, signal_at: tuple[int, int] = (0, 0)) -> Any:
        """Start a process that begins the run, or resumes it if there is one, and return it.

        With ``kill_at`` = n > 0 it kills itself just before it touches the file system for the n-th time; with -n,
        just after that. With ``signal_at`` = (s, n) it sends itself the signal s in its n-th step.
        """
        process = forkserver.Process(target=_work, args=(self.config, self.folder, kill_at, signal_at))
        process.start()
        return process

    def finish(self, kill_at: int = 0) -> int:
        """Run until the end; return the exit code, which is -9 for a process that was killed."""
        process = self.start(kill_at)
        process.join(120)
        assert process.exitcode is not None, "the run hangs"
        return process.exitcode

    def said(self) -> str:
        """What all processes of this run wrote to standard error."""
        return (self.folder.parent / "stderr").read_text()

    def begun(self) -> bool:
        return (self.folder / "config.json").exists()


def _work(config: TrainConfig, folder: Path, kill_at: int, signal_at: tuple[int, int]) -> None:
    import torch

    from groundup.training import resume, train

    torch.set_num_threads(1)
    said = os.open(folder.parent / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 2)  # pytest sees nothing of what a process says that was forked elsewhere
    toys.register_toys()
    dataset = toys.small_digits() if config.model == "toy_images" else toys.small_text()
    if kill_at:
        _kill_self_at(kill_at)
    if signal_at[1]:
        signal_self_at(*signal_at)
    try:
        if (folder / "config.json").exists():
            resume(folder, dataset, page=False)
        else:
            train(config, dataset, folder, page=False)
    except KeyboardInterrupt:
        os._exit(130)  # as the command line does


def _kill_self_at(number: int) -> None:
    """SIGKILL this process at its n-th rename, removal or flush: between two of these, only unnamed files change."""
    count = 0

    def deadly(function):
        def call(*args, **kwargs):
            nonlocal count
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return function(*args, **kwargs)
            finally:
                if count == -number:
                    os.kill(os.getpid(), signal.SIGKILL)

        return call

    for name in ("replace", "rename", "unlink", "fsync"):
        setattr(os, name, deadly(getattr(os, name)))


def signal_self_at(number: int, step: int) -> None:
    from groundup.training.loop import Loop

    train_step = Loop.train_step

    def step_with_signal(self, *args):
        if self.state.step + 1 == step:
            os.kill(os.getpid(), number)
        return train_step(self, *args)

    setattr(Loop, "train_step", step_with_signal)  # noqa: B010
