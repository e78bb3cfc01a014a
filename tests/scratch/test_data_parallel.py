"""Data parallelism: several processes give what one gives, and none of them is left behind."""

import copy
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from groundup import scratch as gu
from groundup.scratch.group import Group
from groundup.scratch.losses.per_token import PerToken
from groundup.scratch.models import ELBO, GPT, VAE, CharRNN, Reparameterize, ResNet, mlp, small_cnn
from groundup.scratch.models.vae import reparameterize_forward
from groundup.scratch.shared import message_size, read, serialize, write

SIZES = [7, 5, 2, 7, 1, 6] * 3 + [7, 4]  # uneven, once fewer rows than workers; 20 steps


class FixedNoise(Reparameterize):
    """Draws that depend on the code alone, so that it makes no difference which process draws."""

    def forward(self, mean, log_variance):
        z, cache = reparameterize_forward(mean, log_variance, np.cos(100 * mean))
        self.remember(cache)
        return z


def images(rng, n):
    return rng.standard_normal((n, 1, 8, 8)), rng.integers(0, 10, n)


def texts(rng, n):
    tokens = rng.integers(0, 11, (n, 6))
    return tokens[:, :-1], tokens[:, 1:]


def pixels(rng, n):
    x = rng.random((n, 12))
    return x, x


def build(name, rng):
    """Return a model in float64, its loss, its optimizer and its batches."""
    if name == "mlp":
        model = mlp([64, 16, 10], rng=rng, dtype=np.float64)
        return model, gu.CrossEntropy(), gu.Adam(model.parameters()), images
    if name == "cnn":
        model = small_cnn(rng=rng, dtype=np.float64)
        return model, gu.CrossEntropy(label_smoothing=0.1), gu.SGD(model.parameters(), lr=0.1, momentum=0.9), images
    if name == "resnet":
        model = ResNet(1, 10, (4, 6), rng=rng, dtype=np.float64)
        return model, gu.CrossEntropy(), gu.SGD(model.parameters(), lr=0.1, momentum=0.9), images
    if name == "lstm":
        model = CharRNN(vocabulary=11, cell="lstm", hidden=7, width=5, rng=rng, dtype=np.float64)
        return model, PerToken(gu.CrossEntropy()), gu.Adam(model.parameters()), texts
    if name == "gpt":
        model = GPT(vocabulary=11, context=5, layers=2, heads=2, width=8, rng=rng, dtype=np.float64)
        return model, PerToken(gu.CrossEntropy()), gu.AdamW(model.parameters()), texts
    if name == "vae":
        model = VAE(12, 9, 3, rng=rng, dtype=np.float64)
        model.draw = FixedNoise(rng=rng)
        return model, ELBO(), gu.NAdam(model.parameters()), pixels
    matrices = mlp([64, 16, 16, 10], rng=rng, dtype=np.float64)
    inner = [p for p in matrices.parameters() if p.shape == (16, 16)]
    others = [p for p in matrices.parameters() if p.shape != (16, 16)]
    return matrices, gu.CrossEntropy(), gu.Combined(gu.Muon(inner, 0.01), gu.Lion(others, 1e-3)), images


def train(name, workers, sizes, max_norm=None):
    """Return the losses, and all gradients, weights and statistics at the end."""
    rng = np.random.default_rng(3)
    model, loss, optimizer, batch = build(name, rng)
    model.skip_input_gradient()
    losses = []
    schedule = gu.OneCycleLR(optimizer, 0.01, len(sizes) + 1)  # changes the learning rate, and some momenta too
    with gu.DataParallel(model, loss, optimizer, workers, max_norm) as parallel:
        for size in sizes:
            schedule.step()
            losses.append(parallel.step(*batch(rng, size)))
    return losses, model, optimizer


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "workers", "max_norm"),
    [
        ("mlp", 2, None),
        ("mlp", 3, 0.5),
        ("cnn", 2, None),
        ("resnet", 2, None),
        ("lstm", 2, 0.25),
        ("gpt", 2, None),
        ("vae", 2, None),
        ("combined", 2, None),
    ],
)
def test_several_processes_give_what_one_gives(name, workers, max_norm):
    sizes = [max(2, n) for n in SIZES] if name == "resnet" else SIZES  # a batch of one has no variance
    losses, model, optimizer = train(name, 1, sizes, max_norm)
    shared_losses, shared, shared_optimizer = train(name, workers, sizes, max_norm)
    close(shared_losses, losses)
    for p, q in zip(model.parameters(), shared.parameters(), strict=True):
        close(q.grad, p.grad)
        assert np.abs(p.grad).max() > 0
    for mine, theirs in ((model, shared), (optimizer, shared_optimizer)):  # weights and statistics; averages and counts
        for key, value in mine.state_dict().items():
            close(theirs.state_dict()[key], value)


@pytest.mark.parametrize(
    "loss",
    [
        gu.CrossEntropy(weight=np.linspace(0.1, 3, 10), ignore_index=4),
        gu.CrossEntropy("sum"),
        gu.NLL(weight=np.linspace(0.1, 3, 10)),
    ],
    ids=["weights and ignored labels", "sum", "NLL with weights"],
)
def test_each_share_counts_as_its_labels_weigh(loss):
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((9, 64)), np.array([4, 4, 4, 4, 1, 0, 9, 4, 3])  # the first share: nothing counts
    gradients = []
    for workers in (1, 2):
        model = mlp([64, 10], rng=np.random.default_rng(1), dtype=np.float64)
        if isinstance(loss, gu.NLL):
            model.layers.append(gu.LogSoftmax())
        with gu.DataParallel(model, loss, gu.SGD(model.parameters()), workers) as parallel:
            value = parallel.step(x, labels)
        gradients.append([value, *(p.grad.copy() for p in model.parameters())])
    for one, two in zip(*gradients):
        close(two, one)


def small(seed=0, loss=None, first=None):
    """Return a small network and what it is trained with, in two processes."""
    model = mlp([64, 8, 10], rng=np.random.default_rng(seed))
    if first is not None:
        model.layers.insert(1, first)
    return model, gu.DataParallel(model, loss or gu.CrossEntropy(), gu.Adam(model.parameters()), 2)


def batch(n=8):
    return np.ones((n, 64), np.float32), np.arange(n) % 10


def test_a_loss_that_is_no_number_changes_nothing():
    model, parallel = small(loss=gu.CrossEntropy(ignore_index=3))
    x, labels = batch()
    before = model.state_dict()
    with parallel, np.errstate(all="ignore"):
        assert np.isnan(parallel.step(x, np.full(8, 3)))  # nothing to learn from
        assert np.isnan(parallel.step(x * np.nan, labels))
        for name, value in model.state_dict().items():
            np.testing.assert_array_equal(value, before[name])
        assert np.isfinite(parallel.step(x, labels))


def test_gradients_that_are_no_numbers_are_not_clipped_but_named():
    model, parallel = small()
    parallel.max_norm = 1.0
    model.parameters()[0].data *= np.float32(1e-25)
    before = model.state_dict()
    x, labels = batch()
    with (
        parallel,
        np.errstate(all="ignore"),
        pytest.raises(gu.InfiniteGradient, match="or so large that its square is"),
    ):
        parallel.step(x * np.float32(1e25), labels)  # the loss is a number, the squares of the gradients are not
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_random_layers_draw_differently_in_each_process_and_alike_in_each_run():
    def gradients():
        model, parallel = small(first=gu.Dropout(0.5, rng=np.random.default_rng(7)))
        model.layers[2:] = [gu.Linear(64, 10, rng=np.random.default_rng(1))]
        parallel.optimizer = gu.SGD(model.parameters(), lr=0)
        with parallel:
            for _ in range(2):
                x = np.ones((2, 64), np.float32)
                parallel.step(x, np.array([0, 1]))  # a row each: row i of the gradient sees the mask of process i
        return model.parameters()[0].grad.copy()

    first, second = gradients(), gradients()
    np.testing.assert_array_equal(first, second)
    dropped = [set(np.flatnonzero(np.abs(row) < np.abs(row).max() / 2)) for row in first[:2]]
    assert dropped[0] != dropped[1]


def test_larger_batches_and_other_weights_between_steps():
    losses = []
    for workers in (1, 2):
        model = mlp([64, 8, 10], rng=np.random.default_rng(0), dtype=np.float64)
        optimizer = gu.Adam(model.parameters())
        with gu.DataParallel(model, gu.CrossEntropy(), optimizer, workers) as parallel:
            losses.append([parallel.step(*batch(4))])
            losses[-1].append(parallel.step(*batch(400)))  # does not fit: new workers, the optimizer's state is kept
            model.load_state_dict({name: value * 0.9 for name, value in model.state_dict().items()})
            losses[-1].append(parallel.step(*batch(5)))
        losses[-1].append(float(gu.CrossEntropy()(model(batch()[0]), batch()[1])))  # the model is there afterwards
        optimizer.step()
        losses[-1].append(float(gu.CrossEntropy()(model(batch()[0]), batch()[1])))
    close(*losses)


# -- when something goes wrong -------------------------------------------------------------------------------------


class Trouble(gu.Layer):
    """Does something terrible, but only in a process that is not the first, or only in the first."""

    def __init__(self, where, what):
        self.where, self.what = where, what

    def forward(self, x):
        helper = multiprocessing.parent_process() is not None
        if helper == (self.where == "helper"):
            if self.what == "die":
                os._exit(3)
            if self.what == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyboardInterrupt if self.what == "interrupt" else ArithmeticError("one and one is three")
        return x

    def backward(self, dy):
        return dy


def children():
    return [p for p in multiprocessing.active_children() if p.is_alive()]


@pytest.mark.parametrize(
    ("where", "what", "error", "says"),
    [
        ("helper", "die", gu.WorkerDied, r"worker 1 has died \(exit code 3\)"),
        pytest.param(
            *("helper", "kill", gu.WorkerDied, "signal 9.*out of memory"),
            marks=pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no such signal"),
        ),
        ("helper", "complain", ArithmeticError, "one and one is three"),
        ("first", "complain", ArithmeticError, "one and one is three"),
        ("first", "interrupt", KeyboardInterrupt, None),
    ],
)
def test_whatever_happens_in_one_process_ends_all_of_them(where, what, error, says):
    model, parallel = small(first=Trouble(where, what))
    with pytest.raises(error, match=says) as raised:
        parallel.step(*batch())
    assert children() == []
    if (where, what) == ("helper", "complain"):
        assert "In worker 1" in raised.value.__notes__[0]
    del model.layers[1]
    with parallel:
        assert parallel.step(*batch()) > 0  # and the next step begins anew
        assert len(children()) == 1
    assert children() == []


def test_a_mistake_in_the_second_share_is_told_as_in_the_first():
    _, parallel = small()
    x, labels = batch()
    labels[-1] = 10
    with parallel, pytest.raises(ValueError, match="labels: found 10, expected 0 to 9"):
        parallel.step(x, labels)


def test_bad_input_is_explained():
    model, parallel = small()
    with pytest.raises(ValueError, match=r"\(8, 64\) and \(7,\)"):
        parallel.step(batch()[0], batch()[1][:7])
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        gu.DataParallel(model, gu.CrossEntropy(), gu.SGD(model.parameters()), 0)
    for norm in (0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="max_norm must be above 0, got"):
            gu.DataParallel(model, gu.CrossEntropy(), gu.SGD(model.parameters()), 2, norm)
    with pytest.raises(ValueError, match='reduction "none"'):
        gu.DataParallel(model, gu.CrossEntropy("none"), gu.SGD(model.parameters()))
    model.layers[0].hook = lambda x: x  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValueError, match="can't be copied to another process"):
        parallel.step(*batch())
    assert children() == []


SCRIPT = """
import os, sys, time
import numpy as np
from groundup import scratch as gu
from groundup.scratch.models import mlp

def train():
    model = mlp([64, 8, 10], rng=np.random.default_rng(0))
    with gu.DataParallel(model, gu.CrossEntropy(), gu.SGD(model.parameters()), 2) as parallel:
        while True:
            parallel.step(np.ones((8, 64), np.float32), np.zeros(8, int))
            print(parallel._helpers[0].process.pid, flush=True)
            time.sleep(0.05)

"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and ") Z " in stat.read_text())  # a zombie, of a parent that was killed, is dead


@pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_script_leaves_no_process_behind(number, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT + 'if __name__ == "__main__":\n    train()\n')
    run = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert run.stdout is not None
    helper = int(run.stdout.readline())
    if number == signal.SIGINT:
        os.killpg(run.pid, number)  # as Ctrl-C does: to every process of the terminal
    else:
        run.kill()
    _, errors = run.communicate(timeout=60)
    assert run.returncode != 0
    assert errors.count("Traceback") == (number == signal.SIGINT)  # the first process's alone
    deadline = time.monotonic() + 20
    while alive(helper) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(helper)


def test_a_script_without_a_guarded_start_is_told_so(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT + "train()\n")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "if __name__ == '__main__':" in done.stderr.splitlines()[-1]


# -- the parts -----------------------------------------------------------------------------------------------------


def test_members_of_a_group_wait_for_each_other_and_add_up():
    group_memory = Group(multiprocessing.get_context("spawn"), 3, width=5)
    seen: list[list[np.ndarray]] = [[], [], []]

    def member(rank):
        group = copy.copy(group_memory)
        group.join(rank, check=lambda: None)
        for i in range(50):
            seen[rank].append(group.all_reduce(np.array([rank + 1.0, 10.0 * i, rank * i])))

    threads = [threading.Thread(target=member, args=(rank,)) for rank in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for i, totals in enumerate(zip(*seen, strict=True)):
        for total in totals:
            np.testing.assert_array_equal(total, [6, 30 * i, 3 * i])
    assert len(seen[0]) == 50


@pytest.mark.parametrize(
    "message",
    [
        None,
        {"a": np.arange(5), "b": (np.ones((2, 3), np.float32), "text")},
        np.arange(12).reshape(3, 4).T,
        np.arange(24).reshape(2, 3, 4)[:, ::2],
        [np.zeros((0, 3)), np.array(True)],
    ],
)
def test_a_message_arrives_as_it_was_sent(message):
    pieces = serialize(message)
    box = memoryview(bytearray(message_size(pieces)))
    write(box, pieces)
    np.testing.assert_equal(read(box), message)


def test_arrays_in_a_message_are_not_copied_by_the_reader():
    box = memoryview(bytearray(10_000))
    write(box, serialize(np.arange(100.0)))
    assert np.shares_memory(read(box), np.frombuffer(box, np.uint8))
