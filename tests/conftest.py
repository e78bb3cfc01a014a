"""For all tests: one thread for each process, since pytest runs several processes side by side.

Thread pools that wait for each other's cores cost more than they bring: the libraries read these variables when they
are imported, so they must be set first. Subprocesses inherit them.
"""

import contextlib
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from groundup.compare.reference_packages import import_torchvision  # noqa: E402

with contextlib.suppress(ModuleNotFoundError):  # the tests that need it say so
    import_torchvision()
