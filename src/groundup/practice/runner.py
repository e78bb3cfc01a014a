"""Run the learner's file in the sandbox, with a limit on time and memory, and say in plain words how it ended."""

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from groundup.practice.exercise import load
from groundup.practice.sandbox import no_answer, unpack

MEGABYTES = 2048  # beyond what Python and the libraries take
PRINTED = 2000  # characters of the learner's own prints that are shown


@dataclass(frozen=True)
class Report:
    """What the learner's file did: a record for each case (see sandbox.run), the arrays, and what was printed."""

    records: list[dict[str, Any]]
    arrays: dict[str, np.ndarray]
    printed: str


class Runner:
    """Starts sandboxes, each for one check. With ``ready=True`` the next one is always started ahead.

    Use it as a context manager: at the end no process is left.
    """

    def __init__(self, ready: bool = False) -> None:
        self.ready = ready
        self._spare: dict[bool, _Sandbox] = {}

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        for spare in self._spare.values():
            spare.end()
        self._spare.clear()

    def prepare(self, torch: bool) -> None:
        """Start the sandbox that the next check will use: it imports what it needs, and waits."""
        if torch not in self._spare:
            self._spare[torch] = _Sandbox(torch)

    def run(self, exercise: str, path: Path, seed: int) -> Report:
        """Run one check. Nothing that the learner's code does raises an error here."""
        torch = load(exercise).torch
        sandbox = self._spare.pop(torch, None)
        if sandbox is None or not sandbox.alive():
            sandbox = _Sandbox(torch)
        try:
            return sandbox.work(exercise, path, seed, load(exercise).seconds)
        finally:
            sandbox.end()
            if self.ready:
                self.prepare(torch)


class _Sandbox:
    """One process: started, given one job, ended."""

    def __init__(self, torch: bool) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="groundup-practice-")
        self.printed = Path(self.folder.name) / "printed"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "groundup.practice.sandbox", str(self.printed), *(["--torch"] if torch else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def alive(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        self.folder.cleanup()

    def work(self, exercise: str, path: Path, seed: int, seconds: float) -> Report:
        trace, so_far = Path(self.folder.name) / "trace", Path(self.folder.name) / "so_far"
        job = {
            "exercise": exercise,
            "path": str(path),
            "seed": seed,
            "seconds": seconds,
            "megabytes": MEGABYTES,
            "trace": str(trace),
            "so_far": str(so_far),
        }
        started = time.monotonic()
        try:
            content, _ = self.process.communicate((json.dumps(job) + "\n").encode(), timeout=seconds + 10)
        except (subprocess.TimeoutExpired, BrokenPipeError):  # it ends itself when its time is over, unless it can't
            content = b""
        printed = self.printed.read_text(encoding="utf-8", errors="replace") if self.printed.exists() else ""
        try:
            records, arrays = unpack(content)
        except (ValueError, OSError, KeyError, EOFError):
            took = time.monotonic() - started
            how = _ended(self.process.poll(), trace, path, seconds, took)
            records, arrays = _read(so_far)
            part = records[-1]["part"] + 1 if records else 0
            return Report([*records, no_answer(how, part)], arrays, printed[-PRINTED:])
        return Report(records, arrays, printed[-PRINTED:])


def _read(so_far: Path) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Return the records and arrays of the parts that were done before the process ended."""
    try:
        return unpack(so_far.read_bytes())
    except (ValueError, OSError, KeyError, EOFError):
        return [], {}


def _ended(code: int | None, trace: Path, path: Path, seconds: float, took: float) -> dict[str, Any]:
    """Say how a check ended that gave no answer: an endless loop, a crash, or an exit."""
    dump = trace.read_text(encoding="utf-8", errors="replace") if trace.exists() else ""
    line = re.search(rf'File "{re.escape(str(path))}", line (\d+)', dump)
    number = int(line.group(1)) if line else None
    text = path.read_text(encoding="utf-8").splitlines()[number - 1].strip() if number else ""
    if dump.startswith("Timeout") or (code is None and took >= seconds):
        message = f"It was still running after {seconds:g} s and was stopped. Is there a loop that never ends?"
        return {"cause": "endless", "message": message, "line": number, "text": text}
    if code is not None and code < 0:
        message = f"Python itself crashed here ({signal.strsignal(-code) or f'signal {-code}'})."
    else:
        message = f"The process that ran it ended by itself (exit code {code}), without an answer. Leave os._exit out."
    return {"cause": "ended", "message": message, "line": number, "text": text}
