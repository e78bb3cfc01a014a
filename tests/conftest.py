"""For all tests: one thread for each process, since pytest runs several processes side by side.

Thread pools that wait for each other's cores cost more than they bring: the libraries read these variables when they
are imported, so they must be set first. Subprocesses inherit them.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# torchvision's wheel asks for operators that the CPU build of torch lacks, and then transformers and torchmetrics
# fail with it. Their names are enough: no test calls them.
try:
    import torchvision
except ModuleNotFoundError:
    pass  # the tests that need it say so
except RuntimeError as error:
    if "torchvision::nms does not exist" not in str(error):
        raise
    import torch

    _operators = torch.library.Library("torchvision", "FRAGMENT")
    _operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision  # noqa: F401
