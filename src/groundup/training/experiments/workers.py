"""Several processes that work on one experiment, and the one that started them and waits."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from groundup.console import progress
from groundup.errors import GroundupError, UsageError


def run(count: int, work: Callable[..., object], arguments: tuple[Any, ...]) -> list[str]:
    """Call ``work(*arguments)`` in ``count`` processes at once, which share the cores; say in words what went wrong.

    Ctrl-C and SIGTERM are passed on: each process writes a checkpoint and ends. If this process is killed, the others
    end after the run that they are in.
    """
    context = multiprocessing.get_context("spawn")  # what torch and CUDA ask for
    processes = [context.Process(target=_begin, args=(work, arguments)) for _ in range(count)]
    before = signal.signal(signal.SIGTERM, _end)
    try:
        with _threads(max(1, (os.cpu_count() or 1) // count)):
            for process in processes:
                process.start()
        for process in processes:
            process.join()
    except (KeyboardInterrupt, SystemExit):
        begun = [process for process in processes if process.pid]
        for process in begun:
            process.terminate()
        for process in begun:
            process.join()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
    codes = [process.exitcode or 0 for process in processes]
    return [
        f"worker {number} was killed (signal {-code})"
        if code < 0
        else f"worker {number} ended with an error, see above"
        for number, code in enumerate(codes, 1)
        if code
    ]


def alone() -> bool:
    """Whether this is a worker whose parent is gone."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Let processes that start now use so many threads each, unless the user has decided that: torch reads it."""
    decided = "OMP_NUM_THREADS" in os.environ
    os.environ.setdefault("OMP_NUM_THREADS", str(number))
    try:
        yield
    finally:
        if not decided:
            del os.environ["OMP_NUM_THREADS"]


def _end(number: int, frame: Any) -> None:
    raise SystemExit(128 + number)


def _begin(work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    """What a worker does."""
    if hasattr(os, "setsid"):
        os.setsid()  # so that Ctrl-C reaches the parent alone, which passes it on once
    try:
        work(*arguments)
    except GroundupError as error:
        progress.print(f"groundup: {error}", markup=False, soft_wrap=True)
        sys.exit(2 if isinstance(error, UsageError) else 1)
