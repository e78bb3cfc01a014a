"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

STRATA = "    test = []\n    for label in np.unique(labels):\n        rows = rng.permutation(np.flatnonzero(labels == label))\n        test.append(rows[: round(fraction * len(rows))])\n    test = np.concatenate(test)\n"
TRAIN = "train = np.setdiff1d(np.arange(len(labels)), test)"
ROWS = "rows = rng.permutation(np.flatnonzero(labels == label))"
NAMES = "names = rng.permutation(np.unique(groups))"
GROUPS = "    names = rng.permutation(np.unique(groups))\n    chosen = names[: round(fraction * len(names))]\n    tested = np.isin(groups, chosen)\n    return np.flatnonzero(~tested), np.flatnonzero(tested)"
ORDER = "order = np.argsort(times)"

WRONG = (
    Wrong("drawn from all rows", "not stratified", ((STRATA, "    test = rng.permutation(len(labels))[: round(fraction * len(labels))]\n"),)),
    Wrong("rounded down", "rounded down", (("rows[: round(fraction * len(rows))]", "rows[: int(fraction * len(rows))]"),)),
    Wrong("the first rows of each class", "not drawn", ((ROWS, "rows = np.flatnonzero(labels == label)"),)),
    Wrong("np.random instead of rng", "another generator", ((ROWS, ROWS.replace("rng", "np.random")),)),
    Wrong("training on everything", "row in both parts", ((TRAIN, "train = np.arange(len(labels))"),)),
    Wrong("drawn with replacement", "row twice in a part", (("rows[: round(fraction * len(rows))]", "rng.choice(rows, 2 * round(fraction * len(rows)))"),)),
    Wrong("test before train", "parts exchanged", (("return train, test\n", "return test, train\n"),)),
    Wrong("a mask", "not row numbers", (("return train, test\n", "return ~np.isin(np.arange(len(labels)), test), np.isin(np.arange(len(labels)), test)\n"),)),
    Wrong("rows, not groups", "group in both parts",
          ((GROUPS, "    rows = rng.permutation(len(groups))\n    cut = round(fraction * len(rows))\n    return rows[cut:], rows[:cut]"),)),
    Wrong("groups instead of rows", "not row numbers", (("np.flatnonzero(~tested), np.flatnonzero(tested)", "names[len(chosen) :], chosen"),)),
    Wrong("the first groups", "not drawn", ((NAMES, "names = np.unique(groups)"),)),
    Wrong("the order of the table", "the order of the table", ((ORDER, "order = np.arange(len(times))"),)),
    Wrong("shuffled", "future in training", ((ORDER, "order = np.random.permutation(len(times))"),)),
    Wrong("the oldest rows as the test", "the past is tested", (("order[:cut], order[cut:]", "order[-cut:], order[:-cut]"),)),
    Wrong("fraction for training", "parts exchanged", (("cut = len(times) - round(fraction * len(times))", "cut = round(fraction * len(times))"),)),
)  # fmt: skip

RIGHT = (
    Right("rng.choice without replacement", (("test.append(rows[: round(fraction * len(rows))])", "test.append(rng.choice(rows, round(fraction * len(rows)), replace=False))"),)),
    Right("lists and sets", ((TRAIN, "train = sorted(set(range(len(labels))) - set(test.tolist()))"), ("return train, test\n", "return train, test.tolist()\n"))),
    Right("a mask inside", ((GROUPS, "    names = list(set(groups.tolist()))\n    rng.shuffle(names)\n    chosen = set(names[: round(fraction * len(names))])\n"
                                     "    rows = np.arange(len(groups))\n    tested = np.array([group in chosen for group in groups])\n    return rows[~tested], rows[tested]"),)),
    Right("newest first", ((ORDER, "order = np.argsort(-times)"), ("cut = len(times) - round(fraction * len(times))", "cut = round(fraction * len(times))"), ("order[:cut], order[cut:]", "order[cut:], order[:cut]"))),
)  # fmt: skip
