"""Check on each save: the learner keeps the editor and a terminal side by side."""

import time
from collections.abc import Callable
from pathlib import Path

from rich.markup import escape

from groundup.console import out
from groundup.practice.checker import check_file, import_ahead
from groundup.practice.command import after, everything_is_solved
from groundup.practice.exercise import load
from groundup.practice.runner import Runner
from groundup.practice.show import show
from groundup.practice.workspace import Workspace

POLL = 0.15  # seconds between two looks at the file's time


def watch(workspace: Workspace, seed: int | None = None) -> None:
    """Check the current exercise whenever its file is saved, until it is interrupted; then the next one."""
    out.print("[dim]Watching: save the file and it is checked. Ctrl-C stops.[/]")
    with Runner(ready=True) as runner:
        seen: dict[Path, tuple[int, int] | None] = {}  # what was checked last: a save during a check counts
        known = workspace.current
        while (name := workspace.current) is not None:
            path = workspace.open(name)
            if name != known:  # someone has gone there with `next`, in another terminal
                out.print(f"Now at [bold]{escape(load(name).title)}[/]: {escape(str(path))}", soft_wrap=True)
            known = name
            before = seen.setdefault(path, _stamp(path))
            exercise = load(name)
            runner.prepare(exercise.torch)
            import_ahead(name, exercise)  # what is imported now keeps nobody waiting later
            stamp = wait_for_save(path, before, while_true=lambda name=name: workspace.current == name)
            if stamp is None:
                continue
            seen[path] = stamp
            out.rule(style="dim")
            verdict = check_file(name, path, runner, seed)
            show(verdict)
            if verdict.passed:
                workspace.solve(name)
                after(workspace, name)
                following = workspace.next(name)
                if following is not None:
                    known = following
                    out.print(f"Go on in [bold]{escape(str(workspace.go_to(following)))}[/].")
        everything_is_solved(workspace, as_json=False)


def wait_for_save(
    path: Path, before: tuple[int, int] | None, while_true: Callable[[], bool] = lambda: True
) -> tuple[int, int] | None:
    """Return the file's new stamp once it is there and not as before; None when the condition holds no more.

    An editor that saves may take the file away, or empty it, for a moment.
    """
    while (now := _stamp(path)) == before or now is None:
        if not while_true():
            return None
        time.sleep(POLL)
    return now


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return (stat.st_mtime_ns, stat.st_size) if stat.st_size else None
