"""The folder of a run: what was asked for, what happened, what came out.

runs/lenet-mnist-seed0/
    config.json         every choice, defaults included: `groundup train --config` takes it
    environment.json    versions, device, threads, and the state of the code in git
    data.json           what the weights take for granted: class names or vocabulary, sizes of the splits
    checkpoints/        the last two states of the run, each complete: `groundup train --resume` goes on from there
    metrics.jsonl       one line an epoch
    tensorboard/        the same, and the loss within epochs, as curves: `tensorboard --logdir runs`
    model.safetensors   the weights of the best epoch on validation
    last.safetensors    the weights after the last epoch
    sample.txt          what the model writes, if it writes: as much as fits on a screen
    predictions-test.safetensors    what it said of each row of the test split, where the task keeps that
    summary.json        the result on the test split
    report.html         the result as a page with curves
    curves.png          the curves alone
    evaluation.json     what `groundup evaluate` found, later; and evaluation.html, the same as a page

The checkpoints are the truth. The lines, curves and weights beside them are written from a checkpoint's content, after
it, and once more when a run is resumed: they never tell more or less than it does, whenever the process was killed.
"""

import json
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

import groundup
from groundup.console import plain, progress
from groundup.errors import GroundupError
from groundup.runs import write_atomically, write_json
from groundup.training import processes
from groundup.training.checkpoints import copy_of_weights, load_last_checkpoint, save_checkpoint, save_weights
from groundup.training.locks import Lock
from groundup.training.predictions import save_predictions

if TYPE_CHECKING:
    from groundup.training.state import TrainingState


class RunFolder:
    """Writes what happens in a run; where ``writes`` is false (another process does), it only reads.

    Parameters
    ----------
    path : an existing folder.
    writes : whether this process is the one that writes.
    """

    def __init__(self, path: Path, writes: bool = True) -> None:
        self.path = path
        self.writes = writes
        self.saved: int | None = None  # the step of the last checkpoint
        self._curves: Any = None
        self._lock = _lock(path) if writes else None

    def write_json(self, name: str, document: Any) -> None:
        """Write a document, such as ``config.json``."""
        if self.writes:
            write_json(self.path / name, document)

    def write_text(self, name: str, text: str) -> None:
        """Write a text, such as ``sample.txt``."""
        if self.writes:
            write_atomically(self.path / name, lambda path: path.write_text(text, encoding="utf-8"))

    def write_predictions(self, predictions: dict[str, Tensor], split: str) -> None:
        """Write what the model said of each row of a split, see ``predictions``."""
        if self.writes:
            save_predictions(predictions, self.path, split)

    def save(self, state: "TrainingState") -> None:
        """Write a checkpoint; at the end of an epoch, also what is made from it."""
        content = state.state_dict()  # by all processes: they may each hold a part
        if self._curves:
            self._curves.flush()
        if self.writes:
            save_checkpoint(content, self.path / "checkpoints", state.step)
        self.saved = state.step
        if state.step_in_epoch == 0:
            self.publish(state)

    def restore(self, state: "TrainingState") -> bool:
        """Bring ``state`` to where the last good checkpoint was; return whether there was one."""
        if self.writes:
            for leftover in [*self.path.glob(".*.tmp"), *(self.path / "checkpoints").glob(".*.tmp")]:
                leftover.unlink()  # of a process that was killed while it wrote
        # The first process alone: another machine may have no such folder, and damaged files are set aside once.
        content = processes.from_first(lambda: load_last_checkpoint(self.path / "checkpoints"))
        if content is not None:
            state.load_state_dict(content)
            self.saved = state.step
        self.publish(state)
        return content is not None

    def publish(self, state: "TrainingState") -> None:
        """Write what is made from a checkpoint: the lines of the epochs, and the weights."""
        last: dict[str, Tensor] = {}
        if state.stopped:
            with state.averaged():
                last = copy_of_weights(state.module)
        if not self.writes:
            return
        lines = "".join(json.dumps(plain(record), allow_nan=False) + "\n" for record in state.history)
        write_atomically(self.path / "metrics.jsonl", lambda path: path.write_text(lines, encoding="utf-8"))
        if state.best_weights:
            save_weights(state.best_weights, self.path / "model.safetensors")
        if last:
            save_weights(last, self.path / "last.safetensors")

    def curve(self, step: int, values: dict[str, float]) -> None:
        """Add a point to each of the curves for TensorBoard."""
        if not self.writes:
            return
        if self._curves is None:
            from torch.utils.tensorboard import SummaryWriter

            # Points from this step on, of a run that was killed later than its last checkpoint, no longer count.
            self._curves = SummaryWriter(self.path / "tensorboard", purge_step=step)
        for name, value in values.items():
            self._curves.add_scalar(name, value, step)

    def to_go_on(self) -> str:
        """Return how to go on with a run that was stopped, in words."""
        under = ", under torchrun as before" if processes.count() > 1 else ""
        return f"To go on: groundup train --resume {self.path}{under}"

    def close(self) -> None:
        """Finish the curves, and let another process resume the run."""
        if self._curves:
            self._curves.close()
        if self._lock:
            self._lock.free()
        self._curves = self._lock = None


def environment(device: str) -> dict[str, Any]:
    """Return what besides the configuration decides a result to the last bit."""
    import torch

    packages = ("torch", "lightning-fabric", "safetensors", "numpy", "tokenizers", "sacrebleu")
    return {
        "groundup": groundup.__version__,
        "git": git_state(Path(groundup.__file__).parent),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
        "platform": platform.platform(),
        "device": device,
        "device_name": torch.cuda.get_device_name() if device.startswith("cuda") else platform.machine(),
        "threads": torch.get_num_threads(),
        "processes": processes.count(),
    }


def read_json(path: Path) -> dict[str, Any]:
    """Return a document of a run; one that is missing or broken is empty."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def git_state(folder: Path) -> dict[str, Any] | None:
    """Return the commit that is checked out in ``folder`` and whether files differ from it; None outside of git."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):  # no git, or no repository
        return None


def warn_of_changes(then: dict[str, Any], now: dict[str, Any]) -> None:
    """Say which parts of the environment differ from those that a run was started with."""
    changed = [
        f"{name} {_in_words(then.get(name))} is now {_in_words(now[name])}"
        for name in now
        if then.get(name) != now[name]
    ]
    if changed:
        progress.print(
            f"[bold]Not the environment that the run began in:[/] {'; '.join(changed)}. It goes on, but may not end "
            "with the weights to the last bit that it would have had.",
            soft_wrap=True,
        )


def _in_words(value: Any) -> str:
    if isinstance(value, dict):  # of git
        return value["commit"][:10] + (" with changes" if value["dirty"] else "")
    return str(value)


def _lock(folder: Path) -> Lock:
    """Take the folder for this process until it ends, in whatever way: two writers would spoil each other's files."""
    lock = Lock(folder / ".lock")
    if lock.take() is False:
        raise GroundupError(f"Another process is training in {folder}: wait for it to end, or end it.")
    return lock
