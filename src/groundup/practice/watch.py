"""Check on each save: the learner keeps the editor and a terminal side by side."""

import time
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
        while (name := workspace.current) is not None:
            path = workspace.open(name)
            before = seen.setdefault(path, _stamp(path))
            exercise = load(name)
            runner.prepare(exercise.torch)
            import_ahead(name, exercise)  # what is imported now keeps nobody waiting later
            seen[path] = wait_for_save(path, before)
            out.rule(style="dim")
            verdict = check_file(name, path, runner, seed)
            show(verdict)
            if verdict.passed:
                workspace.solve(name)
                after(workspace, name)
                following = workspace.next(name)
                if following is not None:
                    out.print(f"Go on in [bold]{escape(str(workspace.go_to(following)))}[/].")
        everything_is_solved(workspace, as_json=False)


def wait_for_save(path: Path, before: tuple[int, int] | None) -> tuple[int, int]:
    """Return the file's new stamp once it is there and not as before.

    An editor that saves may take it away, or empty it, for a moment.
    """
    while (now := _stamp(path)) == before or now is None:
        time.sleep(POLL)
    return now


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return (stat.st_mtime_ns, stat.st_size) if stat.st_size else None
