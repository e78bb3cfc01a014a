"""For all tests: one thread for each process, since pytest runs several processes side by side.

Thread pools that wait for each other's cores cost more than they bring: the libraries read these variables when they
are imported, so they must be set first. Subprocesses inherit them.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
