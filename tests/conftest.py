"""For all tests: one thread for each process, since pytest runs several processes side by side.

Thread pools that wait for each other's cores cost more than they bring: the libraries read these variables when they
are imported, so they must be set first. Subprocesses inherit them.
"""

import contextlib
import os
import signal

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# What is started in the background (nohup, a shell's &) ignores Ctrl-C, but some tests send it to themselves, and wait.
if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from groundup.compare.reference_packages import import_torchvision  # noqa: E402

with contextlib.suppress(ModuleNotFoundError):  # the tests that need it say so
    import_torchvision()
