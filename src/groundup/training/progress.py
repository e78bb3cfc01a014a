"""What one sees while a model trains: a moving line with loss, speed and time left, and a line for each epoch."""

from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from groundup.console import progress as stderr
from groundup.training.state import TrainingState
from groundup.training.tasks import Task


class TrainingProgress:
    """Progress on standard error; ``show=False`` keeps quiet. Use it as a context manager.

    Parameters
    ----------
    task : names the unit of the speed, and puts scores into words.
    epochs, steps : of the whole run.
    done : steps that were done before, in a run that is resumed.
    """

    def __init__(self, task: Task, epochs: int, steps: int, done: int = 0, show: bool = True) -> None:
        self.task = task
        self.console = stderr if show else Console(quiet=True)
        self.epochs = epochs
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("loss {task.fields[loss]:.4f}  {task.fields[speed]:,.0f} " + task.unit + "/s"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,  # the line goes when training ends; the epoch lines stay
            disable=not (show and stderr.is_terminal),
        )
        self.line = self.bar.add_task("", total=steps, completed=done, loss=float("nan"), speed=0.0)

    def __enter__(self) -> "TrainingProgress":
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self.console.print(text, soft_wrap=True, markup=False)

    def step(self, state: TrainingState, loss: float) -> None:
        """Move the line: the mean loss of the epoch so far, and how many items a second."""
        self.bar.update(
            self.line,
            completed=state.step,
            loss=loss,
            speed=state.items / state.epoch_seconds,
            description=f"epoch {state.epoch + 1}/{self.epochs}",
        )

    def epoch(self, record: dict[str, Any], scores: dict[str, Any], best: bool) -> None:
        """Print the line of a finished epoch; a star marks the best on validation so far."""
        self.say(
            f"epoch {record['epoch']:>{len(str(self.epochs))}}/{self.epochs}"
            f"  train loss {record['train_loss']:.4f}"
            f"  validation {self.task.words(scores)}"
            f"  {record['items_per_second']:,.0f} {self.task.unit}/s"
            f"  {record['seconds']:.1f} s{'  *' if best else ''}"
        )
