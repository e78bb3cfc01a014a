"""Look at a whole pipeline, from tables to a number: five mistakes that make a result look better, or a model worse.

Nothing is read from the code: the pipeline is run on changed data, and what should not move is watched. So it does
not matter with what it was written.

>>> import numpy as np
>>> from groundup.applications.pipeline_check import Pipeline, check_pipeline
>>> def prepare(train, test):  # the mean of all rows, test rows too
...     mean = np.concatenate([train, test]).mean(axis=0)
...     return train - mean, test - mean
>>> rows = np.random.default_rng(0).normal(size=(100, 3))
>>> [finding.title for finding in check_pipeline(Pipeline(rows[:70], rows[70:], prepare=prepare))]
['The test rows decide what the training rows look like']
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from pandas.util import hash_pandas_object

from groundup.applications.finding import Finding, many, worst_first
from groundup.errors import UsageError

LOOKED_AT = 64  # test rows that are asked about one by one
CLEVER = 0.8  # how near to perfection the same answer for everyone may come


@dataclass(frozen=True)
class Pipeline:
    """What there is to look at. Each check uses what it needs; what is left out is not checked.

    Parameters
    ----------
    train, test : the rows as they come, before any step: frames or arrays of one kind, (N, ...) and (M, ...). Without
        the answers.
    train_labels, test_labels : (N,) and (M,), the true classes.
    prepare : ``prepare(train, test)`` returns the inputs of the model for both, row by row. Everything that is learnt
        from data (means, categories, words, which columns to keep) happens inside. By default the rows themselves.
    predict : ``predict(inputs)`` returns what the model says of each row, (M,) or (M, K), as it is done when the model
        is evaluated. A ``torch.nn.Module`` may stand here as it is.
    loss : ``loss(outputs, labels)`` returns a number: what the model was trained with, such as
        ``torch.nn.functional.cross_entropy``.
    metric : ``metric(labels, predicted)`` returns the number that is reported, for predicted classes.
    """

    train: Any
    test: Any
    train_labels: Any = None
    test_labels: Any = None
    prepare: Callable[[Any, Any], tuple[Any, Any]] | None = None
    predict: Callable[[Any], Any] | None = None
    loss: Callable[[Any, Any], Any] | None = None
    metric: Callable[[Any, Any], Any] | None = None

    def __post_init__(self) -> None:
        if type(self.train) is not type(self.test) or self.train.shape[1:] != self.test.shape[1:]:
            raise UsageError(
                f"train is {_described(self.train)} and test {_described(self.test)}; expected two parts of one table."
            )
        for name in ("train", "test"):
            rows, labels = getattr(self, name), getattr(self, f"{name}_labels")
            if len(rows) < 2:
                raise UsageError(f"{name} has {many(len(rows), 'row')}; expected at least 2.")
            if labels is not None and len(labels) != len(rows):
                raise UsageError(
                    f"{name} has {many(len(rows), 'row')} but {name}_labels {len(labels)}; expected one for each row."
                )

    def prepared(self, test: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the inputs for both parts as arrays; other test rows may stand in."""
        rows = (self.train, self.test if test is None else test)
        try:
            both = rows if self.prepare is None else self.prepare(*(part.copy() for part in rows))
        except Exception as error:
            if test is None:
                raise
            raise UsageError(
                f"prepare works on these test rows, but not on others of the same kind ({error}). Is something in it "
                "made for these rows alone, such as their labels or their number?"
            ) from error
        if not isinstance(both, tuple) or len(both) != 2:
            raise UsageError(f"prepare returned {_described(both)}; expected a pair: inputs to train on, and to test.")
        return _array(both[0]), _array(both[1])


def check_pipeline(pipeline: Pipeline, seed: int = 0) -> list[Finding]:
    """Return what was found, the worst first; nothing if nothing was.

    The checks, each with the mistake that it finds:

    - preparation: steps fitted before the split, or on the test rows themselves;
    - duplicates: rows of the test part that are in the training part too;
    - metric: a measure that the same answer for everyone nearly maximises;
    - mode: a model that is evaluated in training mode;
    - softmax: probabilities given to a loss that expects logits, or a softmax of a softmax.

    ``seed`` is that of the changes and shuffles. The pipeline's functions are called a few times each; they should not
    change their arguments, and get copies where they might.
    """
    rng = np.random.default_rng(seed)
    findings = [
        *_preparation(pipeline, rng),
        *_duplicates(pipeline, rng),
        *_metric(pipeline),
        *_mode(pipeline, rng),
        *_softmax(pipeline),
    ]
    return worst_first(findings)


def _preparation(pipeline: Pipeline, rng: np.random.Generator) -> Iterator[Finding]:
    """Change the test rows: the training inputs must stay. Take some test rows away: the others must stay."""
    if pipeline.prepare is None:
        return
    (train, test), (train_again, test_again) = pipeline.prepared(), pipeline.prepared()
    if not (_same(train, train_again) and _same(test, test_again)):
        yield Finding(
            "preparation", "warning", "Preparing the same rows twice gives different inputs",
            f"{_differing(train, train_again)} of the training inputs, {_differing(test, test_again)} of the test "
            "inputs differ.",
            "What changes by chance can't be checked, and a result can't be repeated.",
            "Give every random step a fixed seed, and keep augmentation out of the preparation.",
        )  # fmt: skip
        return
    changed, _ = pipeline.prepared(test=_other_rows(pipeline.test, rng))
    if not _same(train, changed):
        yield Finding(
            "preparation", "problem", "The test rows decide what the training rows look like",
            f"With other test rows, {_differing(train, changed)} of the training inputs change.",
            "Something was fitted before the split, on all rows. The model has learnt from rows that it is then "
            "tested on, so the result is better than it will be on new rows.",
            "Split first. Fit every step on the training rows (`fit`), and only apply it to the others (`transform`).",
        )  # fmt: skip
        return  # the test rows depend on each other by the same fault
    half = (len(pipeline.test) + 1) // 2
    _, alone = pipeline.prepared(test=pipeline.test[:half])
    if len(test) == len(pipeline.test) and not _same(test[:half], alone):
        yield Finding(
            "preparation", "problem", "Test rows are prepared by what other test rows are like",
            f"Without the second half of the test rows, {_differing(test[:half], alone)} of the inputs of the first "
            "half change.",
            "A step was fitted on the test rows. The model sees other inputs than it was trained on, and a single new "
            "row could not be prepared at all.",
            "Apply the steps as they were fitted on the training rows: `transform`, not `fit_transform`.",
        )  # fmt: skip


def _duplicates(pipeline: Pipeline, rng: np.random.Generator) -> Iterator[Finding]:
    """Count test rows that stand in the training part too, beyond what chance does in columns of few values."""
    train, test = _columns(pipeline.train), _columns(pipeline.test)
    found = np.isin(_row_keys(test), _row_keys(train))
    shuffled = [pd.DataFrame({name: rng.permutation(test[name].to_numpy()) for name in test}) for _ in range(3)]
    by_chance = np.mean([np.isin(_row_keys(rows), _row_keys(train)).mean() for rows in shuffled])
    expected = by_chance * len(test)
    # Columns that go together meet more often than shuffled ones. So a meeting is taken for a copy if a column tells
    # nearly all rows apart, or all columns together have twice the information that this takes, and to spare.
    telling = max(column.nunique() for _, column in train.items()) > len(train) / 2
    telling |= sum(_bits(column) for _, column in train.items()) > 2 * np.log2(len(train) * len(test))
    surplus = found.sum() - expected
    if surplus < 1 or (not telling and surplus < max(4 * np.sqrt(expected + 1), 0.25 * len(test))):
        return
    share = found.mean()
    yield Finding(
        "duplicates", "problem" if telling and share >= 0.01 else "warning",
        "Rows of the test part are in the training part too",
        f"{found.sum():,} of {many(len(test), 'test row')} ({share:.1%}); if the columns had nothing to do with each "
        f"other, {expected:.1f} would be.",
        "For these rows it is enough to remember. The result tells how well the model remembers, not how well it does "
        "on new rows.",
        "Remove copies before the split. If rows belong together (visits of a patient, photographs of an object), "
        "split by what they belong to.",
        numbers={"rows": int(found.sum()), "share": float(share)},
    )  # fmt: skip


def _metric(pipeline: Pipeline) -> Iterator[Finding]:
    """Ask the measure what it thinks of the same answer for everyone, between all right and all wrong."""
    labels = pipeline.test_labels if pipeline.test_labels is not None else pipeline.train_labels
    if pipeline.metric is None or labels is None:
        return
    labels = np.asarray(labels)
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        yield Finding(
            "metric", "problem", "All labels are the same", f"All {many(len(labels), 'label')} are {classes[0]}.",
            "Nothing can be said about a class that is not there.", "Look at how the rows were chosen.",
        )  # fmt: skip
        return
    common = classes[counts.argmax()]
    wrong = classes[(np.searchsorted(classes, labels) + 1) % len(classes)]
    same = np.full(len(labels), common)
    best, worst, lazy = (float(pipeline.metric(labels, answer)) for answer in (labels, wrong, same))
    if best == worst or (lazy - worst) / (best - worst) < CLEVER:
        return
    yield Finding(
        "metric", "problem", "The same answer for everyone looks like a good result",
        f"{counts.max() / len(labels):.1%} of the labels are {common}. For everyone, that answer gets {lazy:.3f}; all "
        f"right gets {best:.3f}, all wrong {worst:.3f}.",
        "A measure that counts all rows alike is a measure of the common class. A model that never finds the rare one "
        "looks excellent.",
        "Report the share of each class that is found (balanced accuracy), precision and recall of the rare class, or "
        "average precision, and the result of that same answer beside it.",
        numbers={"same answer": lazy, "all right": best, "all wrong": worst},
    )  # fmt: skip


def _mode(pipeline: Pipeline, rng: np.random.Generator) -> Iterator[Finding]:
    """Ask twice: the answers must be the same. Ask in other company: a row's answer must not depend on it."""
    if pipeline.predict is None:
        return
    inputs = pipeline.prepared()[1]
    first, second = _outputs(pipeline, inputs), _outputs(pipeline, inputs)
    remedy = "Call `model.eval()` before evaluating, and `model.train()` before training goes on."
    if not _close(first, second):
        yield Finding(
            "mode", "problem", "The model answers differently when asked again",
            f"{_differing(first, second)} of its outputs for the same rows differ between two calls.",
            "Dropout is still on, or something else that is random: the model is evaluated in training mode, with a "
            "part of it switched off, or it changes each time that it is asked.", remedy,
        )  # fmt: skip
        return
    chosen = rng.permutation(len(inputs))[:LOOKED_AT]
    together = second[chosen]
    apart = np.concatenate(
        [_outputs(pipeline, inputs[rows]) for rows in np.array_split(chosen, max(2, len(chosen) // 2))]
    )
    if not _close(together, apart):
        yield Finding(
            "mode", "problem", "The answer for a row depends on which rows are asked about with it",
            f"{_differing(together, apart)} of the outputs change when rows are asked about two by two.",
            "Batch normalisation is using the statistics of the batch: the model is evaluated in training mode. Each "
            "call may also move the statistics that it keeps.", remedy,
        )  # fmt: skip


def _softmax(pipeline: Pipeline) -> Iterator[Finding]:
    """Are the outputs probabilities, and does the loss want logits? Are they flatter than the model's results allow?"""
    if pipeline.predict is None:
        return
    outputs = _outputs(pipeline, pipeline.prepared()[1])
    if not _are_probabilities(outputs):
        return
    K = outputs.shape[1] if outputs.ndim == 2 else 1
    if pipeline.loss is not None:
        classes = np.arange(2 * max(K, 2)) % max(K, 2)
        sure = np.eye(max(K, 2), dtype=outputs.dtype)[classes]  # (2 K, K), and nothing is wrong with it
        if K == 1:
            sure = sure[:, 1].reshape(-1, *outputs.shape[1:])
        as_given = _number(pipeline.loss, sure, classes)
        try:
            as_logits = _number(pipeline.loss, 40 * sure if K > 1 else 40 * (2 * sure - 1), classes)
        except Exception:  # such as PyTorch's, which refuses probabilities of 40: then logits are not what it expects
            as_logits = np.inf
        if as_logits < 1e-3 < 0.1 < as_given:
            yield Finding(
                "softmax", "problem", "The model gives probabilities to a loss that expects logits",
                f"Of probabilities that are all right, the loss is {as_given:.3f} instead of 0.",
                "The loss applies softmax (or a sigmoid) itself, so it is applied twice. Certainty is out of reach, "
                "gradients become small, and the model learns slowly and stays unsure.",
                "Let the model end with its last linear layer, and apply softmax only where probabilities are shown.",
            )  # fmt: skip
            return
    if K < 3 or pipeline.test_labels is None:
        return
    _, known = np.unique(pipeline.test_labels, return_inverse=True)
    right = float((outputs.argmax(axis=1) == known).mean()) if known.max() < K else 0.0
    bound = np.e / (np.e + K - 1)  # of softmax over numbers between 0 and 1
    if outputs.max() <= bound and right > bound + 0.1:
        yield Finding(
            "softmax", "problem", "The probabilities look like a softmax of a softmax",
            f"None is above {outputs.max():.3f}, though {right:.1%} of the answers are right. Softmax of numbers "
            f"between 0 and 1 can't give more than {bound:.3f} with {K} classes.",
            "The order of the classes stays, but the probabilities are nearly equal: no threshold fits them, and their "
            "calibration is ruined.", "Apply softmax once, to the logits.",
        )  # fmt: skip


def _are_probabilities(outputs: np.ndarray) -> bool:
    inside = outputs.size > 0 and bool((outputs >= 0).all() and (outputs <= 1 + 1e-6).all())
    if outputs.ndim == 2 and outputs.shape[1] > 1:
        return inside and np.allclose(outputs.sum(axis=1), 1, atol=1e-3)
    return inside and not np.isin(outputs, (0, 1)).all()  # 0 and 1 alone are classes


def _outputs(pipeline: Pipeline, inputs: np.ndarray) -> np.ndarray:
    assert pipeline.predict is not None
    outputs = np.asarray(_call(pipeline.predict, inputs))
    if outputs.ndim == 0 or len(outputs) != len(inputs):
        raise UsageError(
            f"predict returned {_described(outputs)} for {many(len(inputs), 'row')}; expected one answer for each row."
        )
    return outputs


def _number(loss: Callable[..., Any], outputs: np.ndarray, labels: np.ndarray) -> float:
    try:
        return float(_call(loss, outputs, labels))
    except Exception:  # binary losses of PyTorch want labels of the outputs' type and shape
        return float(_call(loss, outputs, labels.astype(outputs.dtype).reshape(outputs.shape)))


def _call(function: Callable[..., Any], *arrays: np.ndarray) -> Any:
    """Call with arrays, or with tensors if PyTorch is what the function is written in."""
    copies = [np.array(array) for array in arrays]
    if not type(function).__module__.startswith("torch") and not _is_module(function):
        try:
            return _plain(function(*copies))
        except (TypeError, AttributeError):
            if "torch" not in sys.modules:
                raise
    import torch

    return _plain(function(*(torch.as_tensor(copy) for copy in copies)))


def _is_module(function: Any) -> bool:
    return any(kind.__module__.startswith("torch.nn") for kind in type(function).__mro__)


def _plain(value: Any) -> Any:
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def _other_rows(rows: Any, rng: np.random.Generator) -> Any:
    """Return as many rows of another distribution: columns shuffled, numbers stretched and moved, one word."""
    if isinstance(rows, pd.DataFrame):
        return rows.apply(lambda column: _moved(column, rng))
    shuffled = rng.permuted(rows, axis=0)
    if not np.issubdtype(rows.dtype, np.number):
        return np.repeat(shuffled[:1], len(rows), axis=0)
    spread = float(np.nanstd(rows.astype(float))) or 1.0
    return (shuffled * 3 + 7 * spread).astype(rows.dtype)


def _moved(column: pd.Series, rng: np.random.Generator) -> pd.Series:
    values = column.iloc[rng.permutation(len(column))].set_axis(column.index)
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        spread = float(np.nanstd(column.to_numpy(float, na_value=np.nan)))
        moved = values * 3 + 7 * (spread if spread > 0 else 1.0)
        return moved.round().astype(column.dtype) if pd.api.types.is_integer_dtype(column) else moved
    return values.iloc[np.zeros(len(values), int)].set_axis(column.index)


def _bits(column: pd.Series) -> float:
    """The entropy of a column: how many questions, each answered yes or no, its values take to tell apart."""
    shares = column.value_counts(normalize=True, dropna=False).to_numpy()
    return float(-(shares * np.log2(shares)).sum())


def _columns(rows: Any) -> pd.DataFrame:
    return rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(np.asarray(rows).reshape(len(rows), -1))


def _row_keys(rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(cast(Any, hash_pandas_object)(rows, index=False))


def _array(inputs: Any) -> np.ndarray:
    if hasattr(inputs, "toarray"):  # a sparse matrix
        inputs = inputs.toarray()
    return inputs.to_numpy() if hasattr(inputs, "to_numpy") else np.asarray(_plain(inputs))


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two results of one function are the same; sums may be taken in another order."""
    return a.shape == b.shape and _close(a, b, 1e-9)


def _close(a: np.ndarray, b: np.ndarray, relative: float = 1e-3) -> bool:
    return a.shape == b.shape and not _which_differ(a, b, relative).any()


def _which_differ(a: np.ndarray, b: np.ndarray, relative: float) -> np.ndarray:
    try:
        a, b = a.astype(float), b.astype(float)
    except (TypeError, ValueError):  # words
        return np.asarray(a != b) & ~(pd.isna(a) & pd.isna(b))
    scale = float(np.nanmax(np.abs(a), initial=0.0))
    return ~np.isclose(a, b, rtol=0, atol=relative * scale + 1e-12, equal_nan=True)


def _differing(a: np.ndarray, b: np.ndarray) -> str:
    if a.shape != b.shape:
        return f"all (the shape {a.shape} becomes {b.shape})"
    return f"{_which_differ(a, b, 1e-9).mean():.0%}"


def _described(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return f"a {type(value).__name__}" + (f" of shape {tuple(shape)}" if shape is not None else "")
