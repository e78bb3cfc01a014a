"""A tiny data set in MNIST's form, and a web server on 127.0.0.1 that can misbehave."""

import gzip
import hashlib
import os
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from groundup.data.dataset import Card, File

NAMES = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels.gz")


def idx(array: np.ndarray) -> bytes:
    """Return an array of bytes in the IDX format."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


class Tiny:
    """A data set of 13 + 7 random images of 5 x 3 pixels: its arrays, its unpacked files, its card."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        self.arrays = [
            rng.integers(0, 256, shape, dtype=np.uint8)
            if len(shape) == 3
            else rng.integers(0, 3, shape, dtype=np.uint8)
            for shape in ((13, 5, 3), (13,), (7, 5, 3), (7,))
        ]
        self.contents: dict[str, bytes] = dict(zip(NAMES, map(idx, self.arrays)))

    def card(self, *urls: str) -> Card:
        files = tuple(File(n, len(c), hashlib.sha256(c).hexdigest()) for n, c in self.contents.items())
        return Card(
            name="tiny",
            title="tiny digits",
            about="made up",
            splits={"train": 13, "test": 7},
            shape="image 1 x 5 x 3",
            classes=("0", "1", "2"),
            licence="none",
            source="none",
            citation="none",
            obtained="download",
            files=files,
            urls=urls,
        )

    def write(self, folder: Path) -> Path:
        """Write the files, packed, into ``folder/tiny``; return ``folder/tiny``."""
        home = folder / "tiny"
        home.mkdir(parents=True, exist_ok=True)
        for name, content in self.contents.items():
            (home / name).write_bytes(gzip.compress(content))
        return home


Answer = bytes | int | Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A web server: ``answers`` maps a path to what it sends (bytes), a status (int) or a function that answers."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                answer = outer.answers.get(self.path, 404)
                if isinstance(answer, int):
                    self.send_error(answer)
                elif isinstance(answer, bytes):
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                else:
                    answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def serve(self, contents: dict[str, bytes], under: str = "/") -> None:
        self.answers |= {under + name: gzip.compress(content) for name, content in contents.items()}

    def stall(self, handler: BaseHTTPRequestHandler) -> None:
        """Send the beginning of a long answer, then nothing more."""
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        handler.wfile.write(os.urandom(300_000))
        self.closing.wait(60)

    def break_off(self, handler: BaseHTTPRequestHandler) -> None:
        """Send less than announced and hang up."""
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        handler.wfile.write(os.urandom(300_000))


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does; fail if it never does."""
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("waited 30 s in vain")
