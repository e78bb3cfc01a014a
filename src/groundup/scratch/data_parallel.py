"""Data parallelism: several processes train one model, each on its share of every batch.

The gradient of a mean over examples is the mean of the examples' gradients. So a batch can be cut into shares: each
process runs forward and backward on its own share, with its own copy of the model; the gradients are added up; and
every copy gets the same update. The result is that of one process with the whole batch, up to the rounding of sums in
another order. A step:

    1. forward, loss, backward   each process on its rows; the loss is scaled by the share, so that the sum of the
                                 gradients is the gradient of the mean
    2. barrier                   all gradients are complete
    3. add up and update         each process adds up *its slice* of everybody's gradients and updates that slice of the
                                 weights; so this work is shared too, and the memory of the optimizer's state
    4. barrier                   all weights are new

PyTorch's ``DistributedDataParallel`` (DDP) does 1, then gives every process the sum of all gradients (an *all-reduce*),
and each process makes the whole update for itself. That each updates only a slice is the idea of ZeRO. On several
machines to add up the slices is a *reduce-scatter* through the network, and to send the new weights to all an
*all-gather*. Here the processes share the memory of all weights and gradients: to add up a slice is to read it, and to
write new weights is to send them.

Why processes and not threads: Python runs one thread at a time, and small layers spend much of their time in Python.

Where a share is not like a batch:

- Batch norm needs the means of the whole batch, two in forward and two in backward. The layer asks
  :func:`groundup.scratch.group.batch_mean`, which adds up a few numbers for each channel. (In PyTorch that is an extra,
  ``SyncBatchNorm``; without it each process normalises by its own share.)
- A loss with class weights or ignored labels divides by the weight of its labels, not by their number. Its ``amount``
  says how much that is, and each share counts accordingly. (PyTorch takes the plain mean over the processes.)
- What is random (dropout, the noise of a VAE) comes from another generator in each process. Training is repeatable for
  a number of workers, but differs from that with another number.

Sources: Goyal et al. 2017, "Accurate, large minibatch SGD: training ImageNet in 1 hour", section 3; Rajbhandari et al.
2020, "ZeRO: memory optimizations toward training trillion parameter models", section 5.
"""

from __future__ import annotations

import math
import os
import pickle
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np

from groundup.scratch.gradcheck import as_tuple
from groundup.scratch.group import Group, one_batch
from groundup.scratch.layer import Layer
from groundup.scratch.memory import keep_freed_memory, set_blas_threads
from groundup.scratch.optimizers import Optimizer, clip_grad_norm
from groundup.scratch.shared import Message, SharedArrays, message_size, padded, read, serialize, write
from groundup.scratch.step import train_step

__all__ = ["DataParallel", "WorkerDied"]

Array = np.ndarray
Arrays = tuple[Array, ...]


class WorkerDied(RuntimeError):
    """A process that trained along has ended unasked."""


@dataclass(frozen=True)
class Job:
    """What one process has to do in one step.

    Attributes
    ----------
    share : of the rows of the batch, 0 to 1. 0: nothing but its slice of the update.
    scale : of its loss: the share of what the mean divides by.
    settings : of each optimizer; a schedule changes its learning rate, and perhaps its momentum.
    inputs, targets : its rows.
    """

    share: float
    scale: float
    settings: list[dict[str, Any]]
    inputs: Arrays
    targets: Arrays


class Member:
    """One of the processes: a copy of the model, gradients of its own, and the slices that it updates.

    The weights, everybody's gradients and the optimizer's state move to memory that all processes share.
    """

    def __init__(
        self,
        rank: int,
        group: Group,
        memory: Any,
        model: Layer,
        loss: Any,
        optimizer: Optimizer,
        max_norm: float | None,
    ) -> None:
        self.rank, self.group, self.model, self.loss, self.max_norm = rank, group, model, loss, max_norm
        self.optimizers = optimizer.parts
        self.gradients: list[list[Array]] = []  # [optimizer][process], each (P,)
        self.slices: list[list[slice]] = []  # [optimizer][...]
        shared = SharedArrays(memory)
        for part in self.optimizers:
            data, *state = (shared.like(part.data) for _ in ("data", *part.arrays))
            gradients = [shared.like(part.data) for _ in range(group.size)]
            if rank == 0:  # what this one puts there, the others find
                for there, here in zip((data, *state), (part.data, *(getattr(part, name) for name in part.arrays))):
                    there[...] = here
            part.move(data, gradients[rank], state)
            part.grad = gradients[0]  # there the sum is laid down, and there the update reads it
            self.gradients.append(gradients)
            self.slices.append(list(part.slices())[rank :: group.size])

    def step(self, job: Job) -> float:
        """Do a job; return the loss of the whole batch."""
        for part, settings in zip(self.optimizers, job.settings):
            vars(part).update(settings)
        value = float(self.group.all_reduce(np.array([self.backward(job)]))[0])  # now all gradients are complete
        if math.isfinite(value):
            self.update()
        self.group.barrier()  # now all weights are new
        return value

    def backward(self, job: Job) -> float:
        """Leave the gradient of this process's rows in its buffers; return what they add to the loss."""
        for part in self.optimizers:
            part.zero_grad()
        value = 0.0
        if job.share:
            with one_batch(self.group, job.share):
                value = float(self.loss(*as_tuple(self.model(*job.inputs)), *job.targets))
                self.model.backward(*as_tuple(self.loss.backward(job.scale)))
        for part in self.optimizers:
            _ = part.grad  # zeros where nothing was added
        return value * job.scale if job.scale else 0.0  # a mean over nothing is NaN; here it counts nothing

    def update(self) -> None:
        """Add up everybody's gradients in this process's slices, and update these."""
        sums = [self.added_up(gradients, slices) for gradients, slices in zip(self.gradients, self.slices)]
        if self.max_norm is not None:
            sums = [list(parts) for parts in sums]  # the norm needs all of them first
            if not self.clip([gradients[0][part] for gradients, parts in zip(self.gradients, sums) for part in parts]):
                return
        for optimizer, parts in zip(self.optimizers, sums):
            optimizer.step_slices(parts)

    def added_up(self, gradients: list[Array], slices: list[slice]) -> Iterator[slice]:
        """Yield the slices, each as soon as the first process's gradient holds the sum there.

        So the optimizer updates a slice while its gradient is still in the processor's cache.
        """
        total, *others = gradients
        for part in slices:
            for other in others:
                total[part] += other[part]
            yield part

    def clip(self, totals: list[Array]) -> bool:
        """Do what :func:`clip_grad_norm` does, each process on its slices: of the norm it knows only a part."""
        assert self.max_norm is not None
        squares = np.array([sum(float(np.vdot(g, g)) for g in totals)])
        norm = math.sqrt(float(self.group.all_reduce(squares)[0]))
        if not math.isfinite(norm):
            if self.rank == 0:
                clip_grad_norm([p for part in self.optimizers for p in part.parameters], self.max_norm)  # says why
            return False
        factor = self.max_norm / (norm + 1e-6)
        if factor < 1:
            for g in totals:
                g *= factor
        return True


def work(rank: int, group: Group, memory: Any, box: Any, errors: Any, copies: bytes) -> None:
    """Be a worker: do job after job, until the first process ends this one, or is no longer there."""
    import multiprocessing

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the first process decides
    try:
        keep_freed_memory()
        model, loss, optimizer, max_norm, errstate = pickle.loads(copies)
        np.seterr(**errstate)
        draw_differently(model, rank)
        first = multiprocessing.parent_process()
        group.join(rank, check=lambda: None if first and first.is_alive() else sys.exit())
        member = Member(rank, group, memory, model.train(), loss, optimizer, max_norm)
        while True:
            group.barrier()
            member.step(read(memoryview(box).cast("B")))
    except Exception as error:
        with suppress(OSError):
            errors.send(portable(error, rank))


def portable(error: Exception, rank: int) -> Exception:
    """Return an error that can be sent to another process, with a note on where it arose."""
    import traceback

    try:
        copy = pickle.loads(pickle.dumps(error))
    except Exception:  # of a class that can't be pickled
        copy = RuntimeError(f"{type(error).__name__}: {error}")
    copy.add_note(f"In worker {rank}:\n{''.join(traceback.format_exception(error))}")
    return copy


def draw_differently(model: Layer, rank: int) -> None:
    """Set every generator in a model to a state that depends on the old one and on the rank."""
    generators: dict[int, np.random.Generator] = {}
    layers = [model]
    for layer in layers:
        layers += [child for _, child in layer.children()]
        generators |= {id(v): v for v in vars(layer).values() if isinstance(v, np.random.Generator)}
    for rng in generators.values():
        rng.bit_generator.state = type(rng.bit_generator)([rank, int(rng.integers(2**63))]).state


@dataclass(frozen=True)
class Helper:
    """A worker, as seen from the first process: a box for its jobs, and a pipe through which errors come."""

    process: Any
    box: memoryview
    errors: Any


class DataParallel:
    """Train a model with several processes; what happens in a step stands at the head of this file.

    ::

        if __name__ == "__main__":                      # for the workers import this file too
            with DataParallel(model, loss, optimizer, workers=2) as parallel:
                for x, y in batches(...):
                    value = parallel.step(x, y)

    This process is the first worker. ``model`` and ``optimizer`` stay the ones to use: after each step they hold the
    new weights, the gradient of the whole batch and the running statistics. Between steps, weights (in place) and
    numbers of the optimizer, such as its learning rate, may be changed; settings of model and loss are copied when the
    workers start, which is with the first step.

    Each worker calculates with one thread, this process too until the block is left, so ``workers`` is the number of
    cores at work; more workers than cores are slow, not wrong. When the block is left, by whatever way, the workers are
    gone.

    Parameters
    ----------
    model, loss, optimizer : as for :func:`train_step`. They are pickled for the workers: their classes must stand in
        files that can be imported. The loss's ``backward`` takes ``dloss``; if its mean is not over the examples,
        ``amount(*targets)`` says what it divides by, as for the losses of this package.
    workers : number of processes; 1: a :func:`train_step` in this one.
    max_norm : the norm to which gradients are clipped, see :func:`clip_grad_norm`; None: they are not.

    Raises
    ------
    ValueError : fewer than one worker, a ``max_norm`` that is not above 0, or a loss with reduction "none".
    """

    def __init__(
        self, model: Layer, loss: Any, optimizer: Optimizer, workers: int = 2, max_norm: float | None = None
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        if max_norm is not None and not max_norm > 0:
            raise ValueError(f"max_norm must be above 0, got {max_norm}")
        if getattr(loss, "reduction", "mean") == "none":
            raise ValueError('the loss has reduction "none", but a step needs one number: "mean" or "sum"')
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.workers, self.max_norm = workers, max_norm
        self._helpers: list[Helper] = []
        self._blas_threads: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def step(self, inputs: Any, targets: Any) -> float:
        """Train on a batch; return its loss before the update. A loss that is NaN or infinite changes no weight.

        The workers get consecutive rows, as equal in number as possible. A batch of fewer rows than there are workers
        is left to this process.

        Parameters
        ----------
        inputs, targets : an array with one example a row, or a tuple of several; an empty tuple for no targets.

        Raises
        ------
        ValueError : the arrays differ in length; or, with the first step, something can't be pickled.
        WorkerDied : a worker has ended, for example because there was no memory left.
        Other errors : of the model, the loss or the optimizer, in whichever process. In all these cases the workers are
            stopped; the next step starts new ones.
        """
        if self.workers == 1:
            return train_step(self.model, self.loss, self.optimizer, inputs, targets, self.max_norm)
        mine, *others = self._jobs(as_tuple(inputs), as_tuple(targets))
        messages = [serialize(job) for job in others]
        try:
            self._make_room(messages)
            for helper, message in zip(self._helpers, messages):
                write(helper.box, message)
            self._group.barrier()
            return self._member.step(mine)
        except BaseException:  # an interruption too: the others may be in the middle of anything
            self.close()
            raise

    def close(self) -> None:
        """Stop the workers; they hold nothing that would be lost."""
        for helper in self._helpers:
            helper.process.terminate()
        for helper in self._helpers:
            helper.process.join()
            helper.errors.close()
        self._helpers = []
        if self._blas_threads is not None:
            set_blas_threads(self._blas_threads)
            self._blas_threads = None

    def _jobs(self, inputs: Arrays, targets: Arrays) -> list[Job]:
        """Cut a batch into as many jobs as there are workers."""
        arrays = [np.asarray(a) for a in (*inputs, *targets)]
        if len({len(a) for a in arrays}) != 1:
            shapes = " and ".join(str(a.shape) for a in arrays)
            raise ValueError(f"got arrays of shapes {shapes}: inputs and targets need a row for each example")
        N, W = len(arrays[0]), self.workers
        borders = [N * i // W for i in range(W + 1)] if N >= W else [0] + [N] * W
        parts = [tuple(a[start:stop] for a in arrays) for start, stop in pairwise(borders)]
        rows = [len(part[0]) for part in parts]
        scales = self._scales([part[len(inputs) :] for part in parts], rows)
        plain = (int, float, tuple)  # what is no array and no list of parameters
        settings = [{k: v for k, v in vars(part).items() if isinstance(v, plain)} for part in self.optimizer.parts]
        return [
            Job(n / max(N, 1), scale, settings, part[: len(inputs)], part[len(inputs) :])
            for n, scale, part in zip(rows, scales, parts)
        ]

    def _scales(self, targets: list[Arrays], rows: list[int]) -> list[float]:
        """Return by how much each share's loss is to be multiplied, so that they add up to the batch's."""
        if getattr(self.loss, "reduction", "mean") == "sum":
            return [1.0] * self.workers
        amount = getattr(self.loss, "amount", None)
        amounts = [float(amount(*t)) if amount and t else float(n) for t, n in zip(targets, rows)]
        return [a / sum(amounts) if sum(amounts) else math.nan for a in amounts]

    def _make_room(self, messages: list[Message]) -> None:
        """Start the workers; or start them anew, if a message does not fit into the boxes that they have."""
        size = max(map(message_size, messages))
        if self._helpers and size <= self._helpers[0].box.nbytes:
            return
        self.close()
        import multiprocessing  # here, not above: importing groundup.scratch should cost little more than NumPy

        try:
            copies = pickle.dumps((self.model, self.loss, self.optimizer, self.max_norm, np.geterr()))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ValueError(f"model, loss or optimizer can't be copied to another process: {error}") from None
        context = multiprocessing.get_context("spawn")  # the same on every system; a fork would copy locks in any state
        channels = max((array.size for _, array in self.model.named_buffers()), default=1)
        self._group = Group(context, self.workers, width=max(2 * channels, 64))
        memory = context.RawArray("B", shared_size(self.optimizer, self.workers))
        self._blas_threads = set_blas_threads(1)
        with variables(**dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")):
            for rank in range(1, self.workers):
                box, (errors, pipe) = context.RawArray("B", size + size // 4), context.Pipe(duplex=False)
                process = context.Process(target=work, args=(rank, self._group, memory, box, pipe, copies), daemon=True)
                process.start()
                pipe.close()  # the worker has the only other end: when it dies, reading meets the end of the file
                self._helpers.append(Helper(process, memoryview(box).cast("B"), errors))
        self._group.join(0, self._check)
        self._member = Member(0, self._group, memory, self.model, self.loss, self.optimizer, self.max_norm)

    def _check(self) -> None:
        """Raise what a worker has complained of, or that it is dead."""
        for rank, helper in enumerate(self._helpers, 1):
            if not helper.errors.poll():
                continue
            try:
                error = helper.errors.recv()
            except EOFError:
                helper.process.join(5)
                code = helper.process.exitcode
                raise WorkerDied(f"worker {rank} has died (exit code {code}): {explain(code)}") from None
            raise error


def shared_size(optimizer: Optimizer, workers: int) -> int:
    """Return how many bytes the weights, the state and the gradients of all workers take."""
    return sum((1 + len(part.arrays) + workers) * padded(part.data.nbytes) for part in optimizer.parts)


def explain(code: int | None) -> str:
    """Return the likely cause of a worker's end."""
    if code is not None and code < 0:
        return f"ended by signal {-code}; if nobody sent it, the system ran out of memory. Try a smaller batch"
    return (
        "see above for its last words. Does the script start its work under if __name__ == '__main__':? Each worker "
        "imports the script, and must not begin to train by doing so"
    )


@contextmanager
def variables(**values: str) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
