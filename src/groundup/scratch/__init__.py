"""Part 1: neural networks by hand, with NumPy and the standard library alone.

The mathematics of each component is a pair of pure functions, ``name_forward`` and ``name_backward``, side by side
in the file of its family; a thin layer holds the parameters and passes the cache between them.
"""

# One family a file, and each file's __all__ says what is public.
from groundup.scratch import initializers
from groundup.scratch.batching import batches
from groundup.scratch.data_parallel import *
from groundup.scratch.early_stopping import *
from groundup.scratch.gradcheck import *
from groundup.scratch.layer import *
from groundup.scratch.layers import *
from groundup.scratch.losses import *
from groundup.scratch.memory import keep_freed_memory, set_blas_threads
from groundup.scratch.optimizers import *
from groundup.scratch.parameter import Parameter, flatten
from groundup.scratch.saving import load, save
from groundup.scratch.schedules import *
from groundup.scratch.step import *
from groundup.scratch.trainer import *
