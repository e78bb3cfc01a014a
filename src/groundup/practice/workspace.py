"""The learner's folder: their files, their progress, and copies of what a reset replaced.

practice/
    01_linear.py        one file an exercise; made when it is reached, never overwritten
    progress.json       what is solved, and which hints and solutions were shown
    kept/               what was there before a reset, with the time in the name
    solutions/          the solutions that were asked for
"""

import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from groundup.errors import GroundupError, unknown_name
from groundup.practice.exercise import road, solution_source, task_source
from groundup.runs import write_atomically


@dataclass
class Progress:
    """What the learner has done, by exercise: when it was solved, how many hints and whether the solution was shown."""

    solved: dict[str, str] = field(default_factory=dict)  # exercise -> date and time
    hints: dict[str, int] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)  # solutions that were shown before it was solved
    current: str | None = None  # where the learner went with `next`, if not to the first unsolved


class Workspace:
    """The files of one learner.

    Progress is read anew each time, and every change is written at once: while one terminal watches, another may ask
    for a hint or go elsewhere.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def progress(self) -> Progress:
        """What the learner has done, as it stands in the file now."""
        path = self.folder / "progress.json"
        if not path.exists():
            return Progress()
        try:
            return Progress(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise GroundupError(
                f"{path} is not readable as progress ({error}). Your exercises are safe beside it: rename that file, "
                "and `groundup practice check` finds again what is solved."
            ) from None

    @property
    def current(self) -> str | None:
        """The exercise that the learner is at: where they went, or the first unsolved; None when all are solved."""
        progress = self.progress
        if progress.current is not None and progress.current not in progress.solved:
            return progress.current
        return next((name for name in road() if name not in progress.solved), None)

    def path(self, name: str) -> Path:
        """Return where the learner's file of an exercise lies, whatever number it had when it was made."""
        if name not in road():
            raise unknown_name("exercise", name, road())
        there = sorted(self.folder.glob(f"[0-9][0-9]_{name}.py"))
        if there:
            return there[0]
        return self.folder / f"{road().index(name) + 1:02d}_{name}.py"

    def open(self, name: str) -> Path:
        """Return the learner's file, made first if it is not there; what is there stays as it is."""
        path = self.path(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError), path.open("x", encoding="utf-8") as file:
            file.write(task_source(name))
        return path

    def go_to(self, name: str) -> Path:
        """Make an exercise the current one."""
        path = self.open(name)
        progress = self.progress
        progress.current = name
        self._save(progress)
        return path

    def next(self, after: str) -> str | None:
        """Return the first unsolved exercise behind this one, or else the first unsolved of all but this one."""
        order, solved = road(), self.progress.solved
        behind = order[order.index(after) + 1 :] + order[: order.index(after)]
        return next((name for name in behind if name not in solved), None)

    def solve(self, name: str) -> bool:
        """Note that an exercise is solved; return whether it is for the first time."""
        progress = self.progress
        first = name not in progress.solved
        if first:
            progress.solved[name] = time.strftime("%Y-%m-%d %H:%M")
            self._save(progress)
        return first

    def hint(self, name: str, hints: tuple[str, ...]) -> tuple[int, str]:
        """Return the next hint and its number; after the last, the last again."""
        progress = self.progress
        number = min(progress.hints.get(name, 0) + 1, len(hints))
        progress.hints[name] = number
        self._save(progress)
        return number, hints[number - 1]

    def show_solution(self, name: str) -> Path:
        """Put the solution beside the learner's files, note that it was shown, and return where it lies."""
        path = self.folder / "solutions" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, solution_source(name))
        progress = self.progress
        if name not in progress.shown and name not in progress.solved:
            progress.shown.append(name)
            self._save(progress)
        return path

    def reset(self, name: str) -> Path | None:
        """Give back the file as it was at the start; return where the learner's version is kept, if there was one."""
        path = self.path(name)
        kept = None
        if path.exists():
            kept = self.folder / "kept" / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.py"
            number = 2
            while kept.exists():  # two resets in one second
                kept = kept.with_name(f"{name}-{time.strftime('%Y%m%d-%H%M%S')}-{number}.py")
                number += 1
            kept.parent.mkdir(parents=True, exist_ok=True)
            path.rename(kept)
        self.open(name)
        progress = self.progress
        progress.solved.pop(name, None)
        self._save(progress)
        return kept

    def _save(self, progress: Progress) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / "progress.json", json.dumps(asdict(progress), indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
