"""What one sees while a model trains: a moving line with loss, speed and time left, and a line for each epoch."""

from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from groundup.console import progress as stderr
from groundup.training.tasks import Task


class TrainingProgress:
    """Progress on standard error; ``show=False`` keeps quiet. Use it as a context manager."""

    def __init__(self, task: Task, epochs: int, steps_per_epoch: int, show: bool = True) -> None:
        self.of_task = task
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
        self.task = self.bar.add_task("", total=epochs * steps_per_epoch, loss=float("nan"), speed=0.0)

    def __enter__(self) -> "TrainingProgress":
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def step(self, epoch: int, step: int, loss: float, speed: float) -> None:
        """Show the mean loss of the epoch so far and the items per second, after ``step`` steps of the run."""
        self.bar.update(self.task, completed=step, loss=loss, speed=speed, description=f"epoch {epoch}/{self.epochs}")

    def epoch(self, record: dict[str, Any], scores: dict[str, Any], best: bool) -> None:
        """Print the line of a finished epoch; a star marks the best on validation so far."""
        self.console.print(
            f"epoch {record['epoch']:>{len(str(self.epochs))}}/{self.epochs}"
            f"  train loss {record['train_loss']:.4f}"
            f"  validation {self.of_task.words(scores)}"
            f"  {record['items_per_second']:,.0f} {self.of_task.unit}/s"
            f"  {record['seconds']:.1f} s{'  *' if best else ''}",
            soft_wrap=True,
        )
