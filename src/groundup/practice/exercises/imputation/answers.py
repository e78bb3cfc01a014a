"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

LOOP = "    found = np.zeros_like(x[0])\n    for column in range(x.shape[1]):\n        values = x[~np.isnan(x[:, column]), column]\n        if len(values):\n            found[column] = np.median(values)\n    return found"
FILL = "missing = np.isnan(x)\n    return np.where(missing, values, x), missing.astype(x.dtype)"
SPREAD = "mean, std = train.mean(axis=0), train.std(axis=0)"
READY = "np.hstack([(train - mean) / std, train_gaps]), np.hstack([(test - mean) / std, test_gaps])"

WRONG = (
    Wrong("the mean", "mean instead of median", (("np.median(values)", "values.mean()"),)),
    Wrong("nothing left out", "gaps counted", ((LOOP, "    return np.median(x, axis=0)"),)),
    Wrong("gaps as zeros", "gaps as zeros", ((LOOP, "    return np.median(np.nan_to_num(x), axis=0)"),)),
    Wrong("one median for all", "one for all columns", ((LOOP, "    return np.full_like(x[0], np.median(x[~np.isnan(x)]))"),)),
    Wrong("an empty column stays empty", "empty column", (("        if len(values):\n            found[column] = np.median(values)", "        found[column] = np.median(values) if len(values) else np.nan"),)),
    Wrong("x == np.nan", "no gap found", (("missing = np.isnan(x)", "missing = x == np.nan"),)),
    Wrong("looks for gaps after filling", "companions are zero", ((FILL, "filled = np.where(np.isnan(x), values, x)\n    return filled, np.isnan(filled).astype(x.dtype)"),)),
    Wrong("1 for a value", "companions inverted", (("missing.astype(x.dtype)", "(~missing).astype(x.dtype)"),)),
    Wrong("filled in place", "changes x", ((FILL, "missing = np.isnan(x)\n    for column in range(x.shape[1]):\n        x[missing[:, column], column] = values[column]\n    return x, missing.astype(x.dtype)"),)),
    Wrong("medians of the whole table", "the test has a say", (("values = medians(train)", "values = medians(np.vstack([train, test]))"),)),
    Wrong("mean and std of the whole table", "the test has a say", ((SPREAD, "both = np.vstack([train, test])\n    mean, std = both.mean(axis=0), both.std(axis=0)"),)),
    Wrong("the test by its own numbers", "the test by its own numbers", (("return " + READY, "return np.hstack([(train - mean) / std, train_gaps]), np.hstack([(test - test.mean(axis=0)) / test.std(axis=0), test_gaps])"),)),
    Wrong("mean and std before filling", "statistics before filling", (("    train, train_gaps = fill(train, values)\n", "    mean, std = np.nanmean(train, axis=0), np.nanstd(train, axis=0)\n    train, train_gaps = fill(train, values)\n"), ("    " + SPREAD + "\n", ""))),
    Wrong("no companions", "companions missing", (("return " + READY, "return (train - mean) / std, (test - mean) / std"),)),
    Wrong("a column without spread", "no spread", (("    std[std == 0] = 1\n", ""),)),
)  # fmt: skip

RIGHT = (
    Right("nanmedian", ((LOOP, "    return np.nan_to_num(np.nanmedian(x, axis=0))"),)),
    Right("a copy, filled column by column", ((FILL, "missing = np.isnan(x)\n    filled = x.copy()\n    for column in range(x.shape[1]):\n        filled[missing[:, column], column] = values[column]\n    return filled, missing"),)),
    Right("np.where for the spread", (("std[std == 0] = 1", "std = np.where(std > 0, std, 1)"), (READY, READY.replace("np.hstack([", "np.concatenate([").replace("_gaps])", "_gaps], axis=1)")))),
    Right("everything in one function", (("    train, train_gaps = fill(train, values)\n    test, test_gaps = fill(test, values)\n", "    train_gaps, test_gaps = np.isnan(train) * train.dtype.type(1), np.isnan(test) * test.dtype.type(1)\n    train, test = np.where(train_gaps, values, train), np.where(test_gaps, values, test)\n"),)),
)  # fmt: skip
