"""A verdict as the learner sees it in the terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from groundup.console import out
from groundup.practice.checker import Verdict
from groundup.practice.exercise import Exercise, load

LINES = 15  # of what the learner's code printed


def show(verdict: Verdict, exercise: Exercise | None = None, console: Console = out) -> None:
    """Print a verdict on standard output: what passed, what is wrong and where, and a small table if it helps.

    ``exercise`` is what was checked, by default the whole exercise of that name.
    """
    exercise = exercise or load(verdict.exercise)
    if verdict.printed:
        lines = verdict.printed.rstrip().splitlines()
        console.print(f"[dim]Your code printed{', in the end' if len(lines) > LINES else ''}:[/]")
        console.print(escape("\n".join(lines[-LINES:])), soft_wrap=True, style="dim")
    done = [part.name for part in exercise.parts[: verdict.passed_parts]]
    for name in dict.fromkeys(done):
        if name == verdict.part:  # right in one way, not yet in another
            continue
        console.print(f"  [green]right[/]  {name}")
    if verdict.passed:
        console.print(f"[bold green]{escape(exercise.title)}: everything is right.[/]")
        if exercise.lesson:
            console.print(escape(exercise.lesson), soft_wrap=True)
        return
    console.print(f"  [red]not yet[/]  {verdict.part}")
    console.print(escape(verdict.message), soft_wrap=True)
    if verdict.line:
        console.print(f"[dim]line {verdict.line}:[/] {escape(verdict.text)}", soft_wrap=True)
    if verdict.rows:
        head, *entries = verdict.rows
        table = Table(*head, box=None, header_style="dim")
        for entry in entries:
            table.add_row(*entry)
        console.print(table)
