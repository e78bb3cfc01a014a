"""``groundup tour``: walk the whole road once, say what happens, leave a page to look at."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundup import __version__
from groundup.compare.machine import machine
from groundup.console import out, print_json, progress
from groundup.errors import GroundupError, UsageError

Words = Callable[[dict[str, Any]], list[str]]


@dataclass(frozen=True)
class Station:
    """One stop: what is said on arrival, the work, and what is said about its result."""

    key: str
    title: str
    before: str
    after: Words


def _gradients(r: dict[str, Any]) -> list[str]:
    worst = max(max(errors.values()) for errors in r["errors"].values())
    names = ", ".join(r["errors"])
    return [f"{names}: the formulas agree with the measurement; the largest relative error is {worst:.0e}."]


def _by_hand(r: dict[str, Any]) -> list[str]:
    return [
        f"{r['parameters']:,} numbers learned from {r['images']['train']:,} images in {r['seconds']:.1f} s. "
        f"On {r['images']['test']} images it had never seen, {r['test_accuracy']:.1%} are read rightly "
        f"({len(r['mistakes'])} mistakes)."
    ]


def _twins(r: dict[str, Any]) -> list[str]:
    gap, speed = max(step["gap"] for step in r["steps"]), r["speed"]
    if not r["agreed"]:
        return [f"They part: {r['divergence']}"]
    return [
        f"After {len(r['steps'])} steps the losses are {r['steps'][-1]['loss_by_hand']:.12f} by hand and "
        f"{r['steps'][-1]['loss_in_torch']:.12f} in PyTorch; no weight differed by more than {gap:.0e}.",
        f"One step takes {speed['by_hand_ms']:.2f} ms by hand, {speed['in_torch_ms']:.2f} ms in PyTorch.",
    ]


def _in_torch(r: dict[str, Any]) -> list[str]:
    return [
        f"{r['model']['title']} ({r['model']['year']}), {r['model']['parameters']:,} parameters: "
        f"{r['test_accuracy']:.1%} of the unseen digits, in {r['seconds']:.1f} s."
    ]


def _loans(r: dict[str, Any]) -> list[str]:
    from groundup.applications import loans

    naive = r["naive"]
    opening = (
        f"The naive network is right for {naive['network_plain']['accuracy']['mean']:.1%} of the loans, and finds "
        f"{naive['network_plain']['found']['mean']:.3g} of {r['data']['parts']['test']['bad']} bad ones: it says "
        "'good' to everyone."
    )
    return [opening, *loans.sentences(r)]


STATIONS = (
    Station(
        "gradients",
        "Is every gradient right?",
        "A network learns by asking: if I nudge this number a little, does the error grow or shrink? That slope is "
        "the gradient. We wrote the formulas by hand, so we check them: nudge each number, and measure.",
        _gradients,
    ),
    Station(
        "by_hand",
        "A network written by hand learns to read digits",
        "A small convolutional network, in NumPy alone: no framework, every line in src/groundup/scratch.",
        _by_hand,
    ),
    Station(
        "twins",
        "The same network in PyTorch: do they agree?",
        "The framework that the world uses, starting from the same weights, seeing the same images in the same order.",
        _twins,
    ),
    Station(
        "in_torch",
        "A famous network with the standard tools",
        "LeNet-5 read cheques in the 1990s. Here it is in PyTorch, as in the paper, on our digits.",
        _in_torch,
    ),
    Station(
        "loans",
        "Real data: which loans go bad?",
        "About one loan in twenty is not paid back. The obvious approach looks excellent and is useless. Watch.",
        _loans,
    ),
)


def run(seed: int, folder: Path, as_json: bool) -> None:
    """Walk through all stations; write results.json and report.html into ``folder``."""
    import torch  # noqa: F401  the third station needs it: better to hear of it now than there

    from groundup.report import write_text
    from groundup.tour import page, stations

    if seed < 0:
        raise UsageError(f"--seed is {seed}, expected 0 or more")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--folder is {folder}, which is a file, expected a folder")

    started = time.perf_counter()
    results: dict[str, Any] = {"version": __version__, "seed": seed, "machine": machine()}
    speak = (lambda *_: None) if as_json else out.print
    for number, station in enumerate(STATIONS, 1):
        speak(f"\n[bold]{number}. {station.title}[/]\n[dim]{station.before}[/]")
        arrived = time.perf_counter()
        with progress.status("loading") as status:
            results[station.key] = getattr(stations, station.key)(seed, status.update)
        results[station.key]["station_seconds"] = time.perf_counter() - arrived
        for sentence in station.after(results[station.key]):
            speak(f"   {sentence}")
    results["seconds"] = time.perf_counter() - started

    try:
        stored = write_text(folder / "results.json", json.dumps(results, indent=1, allow_nan=False) + "\n")
        # From here on, only what is stored: the page can't say anything else.
        page_file = page.build(json.loads(stored.read_text(encoding="utf-8"))).write(folder / "report.html")
    except OSError as error:
        raise GroundupError(f"Could not write to {folder}: {error.strerror}") from None
    if as_json:
        print_json(results)
    speak(f"\n[bold]Done in {time.perf_counter() - started:.0f} s.[/] Open [bold]{page_file}[/] in a browser.")
    if not (results["gradients"]["passed"] and results["twins"]["agreed"]):
        raise GroundupError("A proof failed: see above, and `groundup compare`.")
