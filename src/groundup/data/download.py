"""Download the files of a data set into a folder of the user's, so that what bears a good name there is good.

A file arrives under a private temporary name beside its goal, is checked against the SHA-256 of its content,
and only then renamed, which is atomic. So a fetch may be killed at any moment, and two may run at once: no one
ever sees half a file under its good name.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from groundup.data.check import BrokenFile, read_checked
from groundup.data.dataset import Card, File
from groundup.data.unverified import NOT_ORIGINAL, accept, accepted, read_accepted
from groundup.errors import GroundupError, UsageError, missing_package

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be deleted: that protects a running download instead
    fcntl = None

TIMEOUT = (10, 30)  # seconds: to connect, and between two pieces of an answer


def folder() -> Path:
    """Return the folder of downloads: what ``GROUNDUP_DATA`` names, else one in the user's cache folder."""
    moved = os.environ.get("GROUNDUP_DATA")
    if moved:
        return Path(moved).expanduser()
    try:
        import platformdirs
    except ImportError:
        raise missing_package("platformdirs", "data") from None
    return platformdirs.user_cache_path("groundup", appauthor=False) / "data"


def is_present(card: Card) -> bool:
    """Whether every file is there and not empty. Cheap: the checksums are left to ``fetch`` and ``load``."""
    try:
        home = folder() / card.name
        return all((home / file.name).stat().st_size > 0 for file in card.files)
    except (OSError, GroundupError):  # GroundupError: without platformdirs nothing can have been downloaded
        return False


def fetch(card: Card, unverified: bool = False) -> Path:
    """Get the files that are missing or broken, check all, and return the folder that holds them.

    Looks into ``GROUNDUP_MIRROR`` first (a folder or an http(s) URL that holds ``NAME/FILE``), then at the
    public homes in the order of the card.

    With ``unverified``, a file that is whole but not the original (a copy made from other pictures, say) is taken as
    it is, see :mod:`groundup.data.unverified`. What is cut short or damaged is refused all the same.

    Raises
    ------
    GroundupError
        No source gave a good file (the message says what each one did), or the folder cannot be written.
    UsageError
        ``GROUNDUP_MIRROR`` names no folder and no URL.
    """
    home = folder() / card.name
    _remove_leftovers(home)
    for file in card.files:
        if (home / file.name).exists():
            try:
                read_accepted(home, file)
                continue
            except BrokenFile as error:
                if unverified and error.other:
                    accept(home, error.other)
                    say(f"{file.name}: {NOT_ORIGINAL}; taken as it is.")
                    continue
                say(f"{error} Getting it again.")
        try:
            _get(card, file, home, unverified)
        except OSError as error:  # the network's errors were dealt with; this is the disk's
            raise GroundupError(
                f"Cannot write {file.name} to {home} ({error.strerror or error}). "
                "Let GROUNDUP_DATA name a folder that you can write to and that has room."
            ) from None
    return home


def read(card: Card) -> list[bytes]:
    """Return the content of every file, unpacked and checked; the first time, download them."""
    if not is_present(card):
        fetch(card)
    remedy = f"Run: groundup data fetch {card.name}"
    return [read_accepted(folder() / card.name, file, remedy) for file in card.files]


def unverified(card: Card) -> tuple[str, ...]:
    """Return the names of the files that are not the original, and were taken all the same."""
    if card.obtained != "download":
        return ()
    return tuple(file.name for file in card.files if accepted(folder() / card.name, file))


def _get(card: Card, file: File, home: Path, unverified: bool) -> None:
    """Get one file from the first source that gives a good one."""
    failures, others = [], False
    for source in _sources(card):
        label = urlsplit(source).netloc if _is_url(source) else source
        goal = home / file.name  # a name may hold folders: raw/train.de.gz
        goal.parent.mkdir(parents=True, exist_ok=True)
        with _private_file(goal) as part:
            try:
                if _is_url(source):
                    _download(source + file.name, part, file.name)
                else:
                    _copy(Path(source, file.name), part)
                part.flush()
                read_checked(Path(part.name), file)
                result = "checked"
            except BrokenFile as error:
                if not (unverified and error.other):
                    failures.append(f"{label} (sent a broken file: {error.fault})")
                    others = others or error.other is not None
                    continue
                accept(home, error.other)
                result = f"{NOT_ORIGINAL}; taken as it is"
            except _NotToBeHad as error:
                failures.append(f"{label} ({error})")
                continue
            os.fsync(part.fileno())
            if fcntl is None:
                part.close()  # Windows renames closed files only
            os.replace(part.name, goal)
        say(f"{file.name}: from {label}, {result}" + (f"; not from {', '.join(failures)}" if failures else ""))
        return
    raise GroundupError(
        f"Could not get the data set {card.name}: {file.name} did not come from {' or '.join(failures)}; check "
        f"your network connection and try again, or put the file into {home} yourself, or let GROUNDUP_MIRROR "
        f"name a folder or URL that holds {card.name}/{file.name}"
        + (f"; to take a file that is not the original: groundup data fetch {card.name} --unverified" if others else "")
        + "."
    )


class _NotToBeHad(Exception):
    """A source does not give the file; the message says why, in a few words."""


def _sources(card: Card) -> list[str]:
    """Where to look, in order: URLs end in a slash, everything else is a folder."""
    mirror = os.environ.get("GROUNDUP_MIRROR", "")
    if not mirror:
        return list(card.urls)
    if _is_url(mirror):
        return [f"{mirror.rstrip('/')}/{card.name}/", *card.urls]
    if not Path(mirror).expanduser().is_dir():
        raise UsageError(
            f"GROUNDUP_MIRROR names {mirror!r}, and there is no such folder: expected a folder, or an http:// or "
            "https:// URL, that holds the data sets, each in a folder of its name."
        )
    return [str(Path(mirror).expanduser() / card.name), *card.urls]


def _is_url(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


def _copy(origin: Path, part: IO[bytes]) -> None:
    try:
        stream = origin.open("rb")
    except OSError as error:
        raise _NotToBeHad(error.strerror) from None
    with stream:
        shutil.copyfileobj(stream, part)


def _download(url: str, part: IO[bytes], name: str) -> None:
    """Download with a progress bar on standard error (none where that is not a screen)."""
    try:
        import pooch
        import requests
        from tqdm import tqdm
    except ImportError as error:
        raise missing_package(error.name or "pooch", "data") from None
    # pooch sets the total once the server has told it; any total makes it use the bar at all.
    with tqdm(total=1, desc=name, unit="B", unit_scale=True, leave=False, disable=None) as bar:
        # pooch documents any object that counts like tqdm; its annotation says bool.
        get = pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=TIMEOUT)  # pyright: ignore[reportArgumentType]
        try:
            get(url, part, None)
        except requests.HTTPError as error:
            raise _NotToBeHad(str(error).split(" for url")[0]) from None
        except requests.Timeout:
            raise _NotToBeHad("no answer in time") from None
        except requests.exceptions.SSLError:
            raise _NotToBeHad("no secure connection: its certificate was not accepted") from None
        except requests.exceptions.ChunkedEncodingError:
            raise _NotToBeHad("the connection broke off") from None
        except requests.ConnectionError:
            raise _NotToBeHad("the connection broke off" if part.tell() else "no connection") from None
        except requests.RequestException as error:
            raise _NotToBeHad(str(error)) from None


@contextmanager
def _private_file(goal: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside ``goal`` that no other process uses; it is gone afterwards unless it was renamed.

    A lock marks it as in use. The system lets go of the lock when the process dies, however it dies.
    """
    while True:
        path = goal.with_name(f".{goal.name}.{secrets.token_hex(8)}.part")
        part = path.open("xb")
        if fcntl is None:
            break
        with suppress(OSError):  # a file system without locks
            fcntl.flock(part, fcntl.LOCK_EX)
        if os.fstat(part.fileno()).st_nlink > 0:
            break
        part.close()  # another fetch took it for a leftover before it was locked
    try:
        yield part
    finally:
        part.close()
        path.unlink(missing_ok=True)


def _remove_leftovers(home: Path) -> None:
    """Delete the temporary files of fetches that were killed, and not those of fetches that are running."""
    for path in home.rglob(".*.part"):
        with (
            suppress(OSError),
            path.open("rb") as leftover,
        ):  # OSError: in use, already gone, or not ours to delete
            if fcntl is None:
                leftover.close()
            else:
                fcntl.flock(leftover, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def say(text: str) -> None:
    """Tell the reader, on standard error."""
    from groundup.console import progress

    progress.print(text, markup=False, soft_wrap=True)
