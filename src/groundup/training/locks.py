"""A lock on a file: who holds it works alone, and who dies no longer holds it."""

from pathlib import Path
from typing import IO


class Lock:
    """A lock between processes, and between machines that share the disk; at most one process holds it.

    The system frees it when its process ends, in whatever way, SIGKILL and power cuts included: a lock that can be
    taken proves that whoever held it before is gone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def take(self, wait: bool = False) -> bool | None:
        """Take the lock; return whether it is ours now, or None where nobody can tell.

        Windows has no such locks, and neither have some network file systems.
        """
        try:
            import fcntl
        except ModuleNotFoundError:
            return None
        file = self.path.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            file.close()
            return False
        except OSError:
            file.close()
            return None
        self._file = file
        return True

    def free(self) -> None:
        """Let others take it; nothing happens if it is not ours."""
        if self._file:
            self._file.close()
        self._file = None

    __del__ = free

    def __enter__(self) -> "Lock":
        self.take(wait=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.free()
