"""Ctrl-C, and the signal by which batch systems end a job: answered between two steps, after a checkpoint."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interrupt:
    """Inside ``with Interrupt() as interrupt``, SIGINT and SIGTERM only ask; :meth:`act` does what they ask for.

    Asking a second time ends the program at once, wherever it is. Outside of the main thread, where Python knows no
    signals, nothing is asked.
    """

    def __init__(self) -> None:
        self.asked: int = 0  # the number of the signal
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupt":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        again, self.asked = self.asked, number
        if again:
            self.act()

    def act(self) -> None:
        """End the program if a signal has asked for it: KeyboardInterrupt, or SystemExit(143) after SIGTERM."""
        if self.asked == signal.SIGTERM:
            raise SystemExit(128 + signal.SIGTERM)
        if self.asked:
            raise KeyboardInterrupt
