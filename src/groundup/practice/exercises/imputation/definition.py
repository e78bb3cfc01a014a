"""Imputation: numbers of the training part alone, and the fact that something was missing is kept."""

from functools import partial

import numpy as np

from groundup.practice.exercise import AnswerError, Case, Exercise, Part, Slip, named, nothing_returned
from groundup.practice.exercises.imputation.solution import medians

FILLED: tuple[str, ...] = ("filled", "gaps")
READY: tuple[str, ...] = ("train ready", "test ready")


def table(rng, n, i, dtype):
    """Skewed columns of different size, a third of them gaps, but no empty column and none without a gap."""
    x = np.exp(rng.normal(size=(n, i))) * rng.uniform(1, 9, size=i) - 3
    gaps = rng.random((n, i)) < 0.3
    gaps[rng.integers(n, size=i), np.arange(i)] = True
    gaps[rng.permutation(n)[:2]] = False
    x[gaps] = np.nan
    return x.astype(dtype)


def one_table(rng, dtype):
    n = {"N": int(rng.choice([11, 13])), "I": int(rng.choice([3, 5, 7]))}
    return Case({"x": table(rng, n["N"], n["I"], dtype)}, n)


def one_column_empty(rng, dtype):
    case = one_table(rng, dtype)
    case.inputs["x"][:, 1] = np.nan
    return case


def with_values(rng, dtype):
    case = one_table(rng, dtype)
    return Case({**case.inputs, "values": rng.normal(size=case.dims["I"]).astype(dtype)}, case.dims)


def two_tables(rng, dtype):
    n = {"N": int(rng.choice([13, 17])), "M": 11, "I": int(rng.choice([3, 5, 7]))}
    train, test = table(rng, n["N"], n["I"], dtype), table(rng, n["M"], n["I"], dtype)
    complete = ~np.isnan(train[:, 0])
    train[:, 0] = np.where(complete, train[:, 0], dtype(1))  # gaps in the test alone
    return Case({"train": train, "test": test + dtype(1)}, n)


def without_spread(rng, dtype):
    case = two_tables(rng, dtype)
    case.inputs["train"][:, 1] = np.where(np.isnan(case.inputs["train"][:, 1]), np.nan, dtype(2))
    return case


def column_medians(module, i):
    found = module.medians(i["x"])
    if found is None:
        raise nothing_returned("medians")
    found = np.asarray(found)
    if found.shape == i["x"].shape[1:] and found.dtype.kind == "f" and np.isnan(found).any():
        empty = np.isnan(i["x"]).all(axis=0)
        if np.array_equal(np.isnan(found), empty):
            raise AnswerError("empty column", "The median of a column without any value is nan; it should be 0.")
        raise AnswerError(
            "gaps counted",
            f"The median is nan for {np.isnan(found).sum()} columns: one nan makes the whole median nan. Leave the gaps out.",
        )
    return {"medians": found}


def filled_table(module, i):
    x = i["x"].copy()  # the learner's code may change the other
    found = named(module.fill(i["x"], i["values"]), FILLED, "fill")
    filled, gaps = np.asarray(found["filled"]), np.asarray(found["gaps"])
    if np.array_equal(filled, x, equal_nan=True):
        raise AnswerError(
            "no gap found",
            "x came back as it was: no gap was filled. Were they looked for with ==? nan equals nothing, not even itself: "
            "np.isnan(x) finds it.",
        )
    if filled.dtype.kind == "f" and np.isnan(filled).any():
        kept = np.where(np.isnan(x), x, i["values"])
        raise AnswerError(
            "gaps kept, values replaced" if np.array_equal(filled, kept, equal_nan=True) else "a gap is left",
            f"{np.isnan(filled).sum()} gaps are still there. np.where(where, these, else_those) takes these where it is True.",
        )
    return {"filled": filled, "gaps": gaps.astype(filled.dtype) if gaps.dtype == bool else gaps}


def ready_tables(module, i):
    found = named(module.prepare(i["train"], i["test"]), READY, "prepare")
    for name, array in found.items():
        array = np.asarray(array)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            place = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
            width = i["train"].shape[1]
            flat = place[-1] < width and np.nanstd(i["train"][:, place[-1]]) == 0
            raise AnswerError(
                "no spread" if flat else "not finite",
                f"{name} is {array[place]} at {place}: "
                + (
                    "this column is the same everywhere, so its std is 0; let it count as 1."
                    if flat
                    else "is a gap left?"
                ),
            )
        if np.abs(array).max(initial=0) > 1e4:
            raise AnswerError(
                "no spread",
                f"{name} has numbers as large as {np.abs(array).max():.1g}: a column that is the same everywhere in training "
                "has std 0, and dividing by a tiny number instead blows the test up. Let the std count as 1.",
            )
    return found


def column_slip(cause, message, how):
    return Slip(cause, message, lambda i: {"medians": how(i["x"])})


def with_nans(function, x):
    """Apply NumPy's nan version of a function to columns that are not empty."""
    return np.array([0 if np.isnan(column).all() else function(column) for column in x.T])


def prepared(
    i,
    fill_by="train",
    scale_by="train",
    early=False,
    centre=np.nanmean,
    spread=np.nanstd,
    companions="behind",
    scaled=True,
):
    """Both parts with one thing done differently: what the learner may have written."""
    tables = {"train": i["train"], "test": i["test"], "both": np.vstack([i["train"], i["test"]])}
    gaps = {name: np.isnan(x) for name, x in tables.items()}
    values = {name: medians(x) for name, x in tables.items()}
    by = {name: values[name if fill_by == "own" else fill_by] for name in tables}
    full = {name: np.where(gaps[name], by[name], x) for name, x in tables.items()}
    ready = {}
    for name in ("train", "test"):
        source = name if scale_by == "own" else scale_by
        x = tables[source] if early else full[source]
        mean, std = centre(x, axis=0), spread(x, axis=0)
        std = np.where(std == 0, 1, std)
        scale = (full[name] - mean) / std if scaled else full[name]
        some = gaps["train"].any(axis=0)
        with np.errstate(all="ignore"):
            level = (gaps[name] - gaps["train"].mean(axis=0)) / gaps["train"].std(axis=0)
        order = {
            "behind": [scale, gaps[name]],
            "first": [gaps[name], scale],
            "none": [scale],
            "some": [scale, gaps[name][:, some]],
            "standardised": [scale, np.where(some, level, gaps[name])],
        }
        ready[f"{name} ready"] = np.hstack(order[companions])
    return ready


def ready_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: prepared(i, **changes))


SAY = "The test has a say in {}: of the whole table, they know the test's values. Take those of the training part alone, for both."
OWN = "The test is {} by numbers of its own: then the same value means one thing in training and another in the test. Use those of the training part for both."
READY_SLIPS = (
    ready_slip("the test has a say", SAY.format("the medians, the mean and the std"), fill_by="both", scale_by="both"),
    ready_slip("the test has a say", SAY.format("the medians"), fill_by="both"),
    ready_slip("the test has a say", SAY.format("mean and std"), scale_by="both"),
    ready_slip("the test by its own numbers", OWN.format("filled and standardised"), fill_by="own", scale_by="own"),
    ready_slip("the test by its own numbers", OWN.format("filled"), fill_by="own"),
    ready_slip("the test by its own numbers", OWN.format("standardised"), scale_by="own"),
    ready_slip("statistics before filling", "mean and std are those of the values that are there, before filling: take them of the "
               "filled columns.", early=True),
    ready_slip("divided by N - 1", "std divides by N - 1 here: it should divide by N, as np.std does.", spread=partial(np.nanstd, ddof=1)),
    ready_slip("companions missing", "The companions are missing: I more columns, 1 where there was a gap.", companions="none"),
    ready_slip("companions first", "The companions come first: they belong behind the columns.", companions="first"),
    ready_slip("companions of some columns", "Only columns with gaps in training have a companion: each has one, whatever happens.",
               companions="some"),
    ready_slip("companions standardised", "The companions are standardised too: they stay 0 and 1.", companions="standardised"),
    ready_slip("mean not taken off", "The columns are divided by std, but their mean is not taken off.", centre=lambda x, axis: 0),
    ready_slip("variance", "The columns are divided by the variance: divide by its root, the standard deviation.", spread=np.nanvar),
    ready_slip("numbers of the test", "Both parts are filled with the medians of the test: take those of the training part.", fill_by="test"),
    ready_slip("numbers of the test", "Both parts are standardised with mean and std of the test: take those of the training part.",
               scale_by="test"),
    ready_slip("not standardised", "The columns are filled, but not standardised.", scaled=False),
)  # fmt: skip

MEDIANS = (
    column_slip("mean instead of median", "This is the mean: a few large values pull it along, the median not.", lambda x: with_nans(np.nanmean, x)),
    column_slip("gaps as zeros", "The gaps count as zeros: leave them out.", lambda x: np.median(np.nan_to_num(x), axis=0)),
    column_slip("one for all columns", "This is one median over all numbers: each column has its own.", lambda x: np.full(x.shape[1], np.nanmedian(x))),
    column_slip("one for all columns", "This is one median over all numbers: each column has its own.", lambda x: np.nanmedian(x)),
    column_slip("complete rows alone", "Only rows without any gap count here: each column has more values than that.",
                lambda x: np.median(x[~np.isnan(x).any(axis=1)], axis=0)),
    column_slip("upper of two", "Of an even number of values this takes the upper of the two in the middle: the median is their mean.",
                lambda x: with_nans(lambda c: np.sort(c[~np.isnan(c)])[(~np.isnan(c)).sum() // 2], x)),
    column_slip("a median of each row", "These are the medians of the rows: axis=0 goes down the columns.", lambda x: with_nans(np.nanmedian, x.T)),
)  # fmt: skip

EXERCISE = Exercise(
    title="Missing values, filled without leakage",
    parts=(
        Part("medians", one_table, ("medians",), run=column_medians, slips=MEDIANS),
        Part("medians", one_column_empty, ("medians",), run=column_medians),
        Part("fill", with_values, FILLED, run=filled_table, slips=(
            Slip("filled with numbers of x", "The gaps are filled with the means of x itself: fill with `values`, which come from elsewhere.",
                 lambda i: {"filled": np.where(np.isnan(i["x"]), with_nans(np.nanmean, i["x"]), i["x"])}),
            Slip("filled with numbers of x", "The gaps are filled with the medians of x itself: fill with `values`, which come from elsewhere.",
                 lambda i: {"filled": np.where(np.isnan(i["x"]), medians(i["x"]), i["x"])}),
            Slip("companions are zero", "The companions are 0 everywhere: were the gaps looked for after they were filled?",
                 lambda i: {"gaps": np.zeros_like(i["x"])}),
            Slip("companions inverted", "The companions are 1 for a value and 0 for a gap: the other way round.",
                 lambda i: {"gaps": (~np.isnan(i["x"])).astype(i["x"].dtype)}),
        )),
        # std + 1e-8 instead of a look at the columns without spread differs in the ninth digit here, and below in all
        Part("prepare", two_tables, READY, run=ready_tables, slips=READY_SLIPS, tolerance=1e-6),
        Part("prepare", without_spread, READY, run=ready_tables, slips=READY_SLIPS),
    ),
    hints=(
        "x[~np.isnan(x[:, column]), column] are the values of a column that are there; np.nanmedian knows a shorter way, but "
        "look at what it makes of an empty column.",
        "np.where(gaps, values, x) takes values where there is a gap and x elsewhere, as a new array. Find the gaps first.",
        "prepare: values = medians(train), and fill both with them; mean and std of the filled train, and standardise both with "
        "them; np.hstack puts the companions beside.",
    ),
)  # fmt: skip
