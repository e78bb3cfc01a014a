"""Ctrl-C, and the signal by which batch systems end a job: answered between two steps, after a checkpoint."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from groundup.training import processes

GRACE = 20  # seconds; torchrun kills a process that has not ended 30 seconds after it was asked to


class Interrupt:
    """Inside ``with Interrupt() as interrupt``, SIGINT and SIGTERM only ask; :meth:`act` does what they ask for.

    Asking a second time ends the program at once, wherever it is; so does the end of the time that torchrun grants.
    Outside of the main thread, where Python knows no signals, nothing is asked.
    """

    def __init__(self) -> None:
        self.asked: int = 0  # the number of the signal
        self._before: dict[int, Any] = {}
        self._hurries = processes.count() > 1 and hasattr(signal, "SIGALRM")  # Windows has no alarm

    def __enter__(self) -> "Interrupt":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
            if self._hurries:
                self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, lambda *_: self.act(self.asked))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._hurries:
            signal.alarm(0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        again, self.asked = self.asked, number
        if again:
            self.act(number)
        if self._hurries:
            signal.alarm(GRACE)

    def act(self, asked: int) -> None:
        """End the program if the signal ``asked`` is one: KeyboardInterrupt, or SystemExit(143) after SIGTERM."""
        if asked == signal.SIGTERM:
            raise SystemExit(128 + signal.SIGTERM)
        if asked:
            raise KeyboardInterrupt
