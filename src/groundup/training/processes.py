"""Several processes train one model: what each does, and what they tell each other.

    torchrun --standalone --nproc-per-node 2 --no-python groundup train lenet --data digits

starts the same command twice and tells each process, in environment variables, its number (the *rank*: 0, 1, ...), how
many there are (the *world size*) and where to meet. From then on all of them do the same thing, but for their share of
the work. In each step

1. each makes the same batch of N rows: every draw comes from the seed and the step, so nobody needs to be told;
2. each takes its share of the rows, one process the first N / W, the next the following ones, and computes the gradient
   of their loss;
3. the gradients are averaged over the processes (an *all-reduce*; ``DistributedDataParallel`` does it layer by layer,
   while the backward pass is still under way);
4. each makes the same step with the same gradient. So the weights stay equal, though nobody ever sends them.

The loss of the batch is the mean over its M items (images, or tokens that count). Process p has m_p of them, and their
mean loss is L_p: together (m_1 L_1 + ... + m_W L_W) / M. DDP divides the sum of the gradients by W. So p multiplies its
loss with W m_p / M, and the average is the gradient of the whole batch, also when the shares differ in size. No example
is dropped or repeated to make them even.

The result is therefore that of one process with the same configuration, but for rounding: sums are made in another
order. ``--batch-size`` is that of all processes together. This holds for augmentation, mixup and masking (the batch is
made before it is shared out; that each process makes all of it costs little, see ``groundup bench loader``), for batch
normalisation (see ``batch_norm``), accumulation, clipping, averaged weights, and for validation and test, whose batches
are shared out too and each counted once. It does not hold for dropout: each process draws its own zeros.

The first process alone writes files and speaks. If a process dies, the others learn of it when they next wait for it
(or after ``TIMEOUT``, if it hangs) and end; the run goes on from its last checkpoint with ``--resume``. A checkpoint
holds whole tensors and the random states of all processes. So with the same number of processes the run goes on as if
nothing had happened, to the last bit if there are two; of three or more, with ``--deterministic``. With another number
it goes on too, but with other dropout.

If the model does not fit, ``--strategy fsdp`` leaves each process a share of it, see ``sharding``.
"""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from groundup import console
from groundup.errors import GroundupError, UsageError

T = TypeVar("T")
TIMEOUT = timedelta(minutes=10)  # that a process waits for the others; checkpoints of large models take a while
# What torch's errors say if another process does not answer, the clearer words first.
GONE = (
    "Connection closed by peer",
    "Connection reset by peer",
    "Broken pipe",
    "Timed out",
    "timed out",
    "gloo",
    "NCCL",
)


def started() -> int:
    """Return how many processes torchrun started; 1 without it."""
    return int(os.environ["WORLD_SIZE"]) if dist.is_available() and dist.is_torchelastic_launched() else 1


def refuse_torchrun() -> None:
    """Say that a command is not made for torchrun, if that started it."""
    if started() > 1:
        raise UsageError("Only groundup train shares its work among processes: leave torchrun out.")


def join() -> None:
    """Meet the other processes that torchrun started, if it did: from then on :func:`count` is more than one."""
    if started() == 1 or dist.is_initialized():
        return
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that there are last words
    try:
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=TIMEOUT)
    except RuntimeError as error:
        raise GroundupError(f"The processes that torchrun started do not reach each other: {error}") from error
    atexit.register(dist.destroy_process_group)
    console.out.quiet = console.progress.quiet = not first()


def count() -> int:
    """Return the world size: how many processes there are."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return the number of this process, from 0."""
    return dist.get_rank() if count() > 1 else 0


def first() -> bool:
    """Whether this process is the one that writes and speaks."""
    return rank() == 0


def gather(value: T) -> list[T]:
    """Return the values that all processes gave, in the order of their numbers."""
    values: list[Any] = [value] * count()
    if len(values) > 1:
        dist.all_gather_object(values, value)
    return values


def agree(value: T) -> T:
    """Return the value that the first process gave."""
    values = [value]
    if count() > 1:
        dist.broadcast_object_list(values)
    return values[0]


def largest(*numbers: int) -> list[int]:
    """Return each number's largest value in any process."""
    if count() == 1:
        return list(numbers)
    values = torch.tensor(numbers, dtype=torch.int64)
    dist.all_reduce(values, dist.ReduceOp.MAX)
    return values.tolist()


def mean(tensor: Tensor) -> Tensor:
    """Return the mean of a tensor over all processes."""
    if count() == 1:
        return tensor
    tensor = tensor.clone()
    dist.all_reduce(tensor)
    return tensor / count()


@contextmanager
def together() -> Iterator[None]:
    """Let a :class:`GroundupError` that one process meets inside end all of them, with the same words."""
    error = None
    try:
        yield
    except GroundupError as own:
        error = own
    for met in gather(error):
        if met:
            raise met


def from_first(make: Callable[[], T]) -> T:
    """Let the first process alone call ``make``, and return to all what it made (or raise the error that it met)."""
    made: Any = None
    with together():
        if first():
            made = make()
    return agree(made)


def in_turn(make: Callable[[], T]) -> T:
    """Let the first process of each machine call ``make``, then the others: what it downloads, they find."""
    made: Any = None
    for turn in (True, False) if count() > 1 else (True,):
        with together():
            if turn == (os.environ.get("LOCAL_RANK", "0") == "0" or count() == 1):
                made = make()
    return made


def is_gone(error: RuntimeError) -> bool:
    """Whether an error of torch's means that another process does not answer any more."""
    return count() > 1 and any(words in str(error) for words in GONE)


def last_words(error: RuntimeError, to_go_on: str) -> GroundupError:
    """Return the error that ends this process because another is gone; all that are left say so.

    torchrun ends them by SIGTERM at the same time, which must wait until it is said.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    atexit.unregister(dist.destroy_process_group)
    reason = next(words for words in GONE if words in str(error))
    text = f"Another process of this run is gone, or does not answer ({reason}). {to_go_on}"
    if not first():  # the error of the first is printed by whoever catches it
        print(f"groundup, process {rank()} of {count()}: {text}", file=sys.stderr)
    return GroundupError(text)
