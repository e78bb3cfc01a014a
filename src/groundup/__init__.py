"""groundup: deep learning from the ground up.

Part 1 is :mod:`groundup.scratch` (NumPy alone), Part 2 :mod:`groundup.models` and :mod:`groundup.training`
(PyTorch), Part 3 :mod:`groundup.applications` (real data); :mod:`groundup.compare` proves Part 1 against PyTorch.

Importing this package imports nothing else: each part pays only for itself.
"""

__version__ = "0.1.0"
