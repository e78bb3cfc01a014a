"""``groundup`` with the toys and a few digits, for torchrun: ``python dying.py RANK STEP train ...``.

The process of that rank kills itself in that step.
"""

import os
import signal
import sys

import toys
from killing import signal_self_at

from groundup import cli, data

if __name__ == "__main__":
    toys.register_toys()
    rank, step = map(int, sys.argv[1:3])
    digits = toys.small_digits()
    setattr(data, "load", lambda name: digits)  # noqa: B010
    if os.environ["RANK"] == str(rank):
        signal_self_at(signal.SIGKILL, step)
    sys.argv[1:3] = []
    cli.main()
