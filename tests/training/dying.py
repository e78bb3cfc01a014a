"""``groundup`` with the toys, for torchrun: ``python dying.py RANK STEP train ...``.

The process of that rank kills itself in that step; STEP 0: none does.
"""

import os
import signal
import sys

import toys
from killing import signal_self_at

from groundup import cli

if __name__ == "__main__":
    toys.register_toys()
    rank, step = map(int, sys.argv[1:3])
    if step and os.environ["RANK"] == str(rank):
        signal_self_at(signal.SIGKILL, step)
    sys.argv[1:3] = []
    cli.main()
