"""What ``groundup practice`` does: start or continue, list, next, check, hint, solution, reset."""

from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from groundup.console import out, print_json
from groundup.errors import UsageError
from groundup.practice import bug
from groundup.practice.checker import Verdict, check_file
from groundup.practice.exercise import bugs, load, names, road
from groundup.practice.show import show
from groundup.practice.workspace import Workspace


def run(
    action: str,
    name: str | None,
    folder: Path,
    seed: int | None,
    watch: bool,
    as_json: bool,
    line: int | None = None,
) -> int:
    """Carry out one action; return the exit code: 0, or 1 for an answer that is not right yet."""
    workspace = Workspace(folder)
    if line is not None and action != "check":
        raise UsageError(f"--line belongs to `groundup practice check`, not to {action}.")
    if action == "start":
        return start(workspace, seed, watch, as_json)
    if action == "list":
        list_exercises(workspace, as_json)
        return 0
    name = name or workspace.current
    if name is None:
        everything_is_solved(workspace, as_json)
        return 0
    if action == "check" and line is not None:
        return guess(workspace, name, line, as_json)
    if action == "check":
        return check(workspace, name, seed, as_json)
    document = {"next": go_on, "hint": hint, "solution": solution, "reset": reset}[action](workspace, name)
    if as_json:
        print_json({key: value for key, value in document.items() if key != "say"})
    else:
        out.print(*document["say"], sep="\n", soft_wrap=True)
    return 0


def start(workspace: Workspace, seed: int | None, watch: bool, as_json: bool) -> int:
    """Make the current exercise's file, say where the learner is, and watch it if someone is there to see."""
    name = workspace.current
    if name is None:
        everything_is_solved(workspace, as_json)
        return 0
    path = workspace.open(name)
    if as_json:
        print_json({"exercise": name, "path": str(path), "solved": len(workspace.progress.solved), "of": len(road())})
        return 0
    where_you_are(workspace, name, path)
    if watch and out.is_terminal:
        from groundup.practice.watch import watch as look

        look(workspace, seed)
    return 0


def where_you_are(workspace: Workspace, name: str, path: Path) -> None:
    """Say which exercise is next, in which file, and how to go on."""
    done = len(workspace.progress.solved)
    out.print(
        f"[bold]{escape(load(name).title)}[/] [dim]({road().index(name) + 1} of {len(road())}, {done} solved)[/]",
        f"Open [bold]{escape(str(path))}[/] in your editor: the task stands at its top.",
        *(["It runs, and something is wrong with it: run it, find the fault, mend it."] if name in bugs() else []),
        "[dim]groundup practice check, hint, solution, next, list, reset; --folder for another place[/]",
        sep="\n",
        soft_wrap=True,
    )


def everything_is_solved(workspace: Workspace, as_json: bool) -> None:
    """Say that the road has been walked to its end."""
    if as_json:
        print_json({"exercise": None, "solved": len(workspace.progress.solved), "of": len(road())})
    else:
        out.print(
            f"[bold green]All {len(names())} exercises and {len(bugs())} bugs are solved.[/] "
            "`groundup practice reset NAME` starts one again."
        )


def check(workspace: Workspace, name: str, seed: int | None, as_json: bool) -> int:
    """Check one exercise and note it if it is solved."""
    path = existing(workspace, name)
    verdict = check_file(name, path, seed=seed)
    if verdict.passed:
        workspace.solve(name)
    if as_json:
        print_json(as_document(verdict))
    else:
        show(verdict)
        if verdict.passed:
            after(workspace, name)
    return 0 if verdict.passed else 1


def existing(workspace: Workspace, name: str) -> Path:
    """Return the learner's file of an exercise; that it is not there is an error."""
    path = workspace.path(name)
    if not path.exists():
        raise UsageError(
            f"There is no {path} yet. `groundup practice next {name}` makes it, or give --folder if it lies elsewhere."
        )
    return path


def guess(workspace: Workspace, name: str, line: int, as_json: bool) -> int:
    """Say whether the fault of a script lies in a line of the learner's file."""
    lines = existing(workspace, name).read_text(encoding="utf-8").splitlines()
    if name not in bugs():
        raise UsageError(f"--line is for scripts with a fault, such as {bugs()[0]}; {name} is an exercise.")
    if not 1 <= line <= len(lines):
        raise UsageError(f"--line is {line}; the file has the lines 1 to {len(lines)}.")
    text, here = lines[line - 1].strip(), bug.load(name).is_here(lines[line - 1])
    if as_json:
        print_json({"exercise": name, "line": line, "text": text, "here": here})
    else:
        verdict = "[green]Yes, here it is.[/] Mend it, and check again." if here else "[red]No, not in this line.[/]"
        out.print(f"[dim]line {line}:[/] {escape(text)}", verdict, sep="\n", soft_wrap=True)
    return 0 if here else 1


def as_document(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as what ``--json`` prints."""
    return {
        "exercise": verdict.exercise,
        "passed": verdict.passed,
        "part": verdict.part,
        "cause": verdict.cause,
        "message": verdict.message,
        "line": verdict.line,
        "table": [list(row) for row in verdict.rows],
        "printed": verdict.printed,
    }


def after(workspace: Workspace, name: str) -> None:
    """Say what comes after a solved exercise."""
    if name in workspace.progress.shown:
        out.print("[dim]You had looked at the solution: come back to it in a week, with `groundup practice reset`.[/]")
    following = workspace.next(name)
    if following is None:
        everything_is_solved(workspace, as_json=False)
    else:
        out.print(f"Next: [bold]{escape(load(following).title)}[/], `groundup practice next`.")


def go_on(workspace: Workspace, name: str) -> dict[str, Any]:
    """Go to the exercise asked for, or to the next one that is not solved."""
    current = workspace.current
    to = name if name != current else (workspace.next(name) or name)
    if current is not None and name == current and not workspace.path(name).exists():
        to = name  # not begun yet: this is the next
    path = workspace.go_to(to)
    return {
        "exercise": to,
        "path": str(path),
        "say": [f"[bold]{escape(load(to).title)}[/]: {escape(str(path))}"],
    }


def hint(workspace: Workspace, name: str) -> dict[str, Any]:
    """Give one more hint each time."""
    hints = load(name).hints
    number, text = workspace.hint(name, hints)
    more = "" if number == len(hints) else " [dim](`groundup practice hint` again for more)[/]"
    return {
        "exercise": name,
        "number": number,
        "of": len(hints),
        "hint": text,
        "say": [f"[bold]{name}, hint {number} of {len(hints)}:[/] {escape(text)}{more}"],
    }


def solution(workspace: Workspace, name: str) -> dict[str, Any]:
    """Show the solution, and remember that it was shown."""
    path = workspace.show_solution(name)
    return {
        "exercise": name,
        "path": str(path),
        "say": [
            escape(bug.fix(name) if name in bugs() else path.read_text(encoding="utf-8").rstrip()),
            f"[dim]It lies in {escape(str(path))}; your own file is as it was.[/]",
        ],
    }


def reset(workspace: Workspace, name: str) -> dict[str, Any]:
    """Start an exercise again; the learner's version is kept."""
    kept = workspace.reset(name)
    return {
        "exercise": name,
        "path": str(workspace.path(name)),
        "kept": str(kept) if kept else None,
        "say": [
            f"{escape(str(workspace.path(name)))} is as it was at the start.",
            *([f"What you had is kept in {escape(str(kept))}."] if kept else []),
        ],
    }


def list_exercises(workspace: Workspace, as_json: bool) -> None:
    """Print all exercises, and how far the learner is with each."""
    rows = [
        {
            "name": name,
            "title": load(name).title,
            "kind": "bug" if name in bugs() else "exercise",
            "solved": workspace.progress.solved.get(name),
            "hints": workspace.progress.hints.get(name, 0),
            "solution_shown": name in workspace.progress.shown,
            "current": name == workspace.current,
            "path": str(workspace.path(name)) if workspace.path(name).exists() else None,
        }
        for name in road()
    ]
    if as_json:
        print_json(rows)
        return
    table = Table("", "", "name", "exercise", "", box=None)
    for number, row in enumerate(rows, 1):
        if row["name"] == bugs()[0]:
            table.add_row("", "", "", "[bold]Find the bug[/]", "")
        mark = "[green]solved[/]" if row["solved"] else "[bold]you are here[/]" if row["current"] else ""
        helped = "solution shown" if row["solution_shown"] else f"hints: {row['hints']}" if row["hints"] else ""
        table.add_row(str(number), mark, row["name"], escape(row["title"]), f"[dim]{helped}[/]")
    out.print(table)
