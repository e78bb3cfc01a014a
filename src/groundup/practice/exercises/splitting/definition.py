"""Splitting: whatever was drawn, a split can be checked by what must hold for it."""

import numpy as np

from groundup.practice.exercise import AnswerError, Case, Exercise, Part, Slip, named

SEEDS = 8  # more draws, to see whether the rows are drawn at all

CLASSES: tuple[str, ...] = ("test rows of each class",)
GROUPS: tuple[str, ...] = ("groups in the test",)
TIMES: tuple[str, ...] = ("rows in the test", "the rows of the test")


def classes(rng, dtype):
    """Of 9, 7 and 23 or 31 rows, so that a share is to be rounded up, down, and whatever way."""
    labels = np.repeat(rng.permutation(3), rng.permutation([9, 7, int(rng.choice([23, 31]))]))
    labels = rng.permutation(labels)
    return Case(
        {"labels": labels, "fraction": float(rng.choice([0.2, 0.3])), "seed": int(rng.integers(1000, 9999))},
        {"N": len(labels)},
    )


def groups_of(count, share):
    """``count`` groups of 2 to 6 rows each, numbered without order, in a table without order."""

    def cases(rng, dtype):
        names = 100 + rng.permutation(50)[:count]
        groups = rng.permutation(np.repeat(names, rng.integers(2, 7, size=count)))
        inputs = {"groups": groups, "fraction": share, "seed": int(rng.integers(1000, 9999))}
        return Case(inputs, {"N": len(groups), "G": count})

    return cases


def times_of(count, share):
    def cases(rng, dtype):
        return Case({"times": rng.permutation(1000)[:count], "fraction": share}, {"N": count})

    return cases


def parts(returned, n, function):
    """Return the row numbers of both parts, or say which row is where it should not be."""
    found = {}
    for name, rows in named(returned, ("train", "test"), function).items():
        rows = np.asarray(rows)
        if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
            what = "a mask of True and False" if rows.dtype == bool else f"an array of {rows.dtype}, {rows.ndim} axes"
            raise AnswerError(
                "not row numbers", f"{name} is {what}; expected row numbers. np.flatnonzero(mask) gives them."
            )
        rows = rows.astype(int)
        outside = rows[(rows < 0) | (rows >= n)]
        if len(outside):
            raise AnswerError(
                "not row numbers",
                f"{name} holds {outside[0]}, but the rows go from 0 to {n - 1}. Are these values of the table, "
                "not the numbers of its rows?",
            )
        times = np.bincount(rows, minlength=n)
        if times.max() > 1:
            raise AnswerError(
                "row twice in a part",
                f"{name} holds row {times.argmax()} more than once, {times.max()} times. (Or are these values of the table, "
                "not the numbers of its rows?)",
            )
        found[name] = rows
    both = np.intersect1d(found["train"], found["test"])
    if len(both):
        raise AnswerError(
            "row in both parts", f"{len(both)} of {n} rows are in both parts, row {both[0]} for one: the test "
            "would ask for what training has seen.",
        )  # fmt: skip
    if len(found["train"]) + len(found["test"]) < n:
        lost = np.setdiff1d(np.arange(n), np.concatenate([found["train"], found["test"]]))
        raise AnswerError("row in no part", f"{len(lost)} of {n} rows are in no part, row {lost[0]} for one.")
    for name, other in (("train", "test"), ("test", "train")):
        if not len(found[name]):
            raise AnswerError("empty part", f"{name} is empty: all {n} rows are in {other}.")
    return found["train"], found["test"]


def drawn(split, seed):
    """Return the test parts of several draws, after a look whether rng, and nothing else, decides."""
    first, again, *others = [split(np.random.default_rng(seed + s)) for s in (0, 0, *range(1, SEEDS))]
    if not np.array_equal(np.sort(first), np.sort(again)):
        raise AnswerError(
            "another generator",
            "With the same rng the split is another one each time: draw with rng, not with np.random.",
        )
    if all(np.array_equal(np.sort(first), np.sort(other)) for other in others):
        raise AnswerError(
            "not drawn",
            f"With {SEEDS} different rngs the test is the same rows each time: draw them with the rng that is given.",
        )
    return [first, *others]


def split_classes(module, i):
    labels = i["labels"]

    def split(rng):
        return parts(module.stratified_split(labels, i["fraction"], rng), len(labels), "stratified_split")[1]

    each = [np.bincount(labels[test], minlength=3) for test in drawn(split, i["seed"])]
    for other in each:
        if not np.array_equal(other, each[0]):
            raise AnswerError(
                "not stratified",
                f"By luck of the draw the three classes give {each[0]} rows to the test, or {other}. Each class gives its own "
                "share, whatever is drawn.",
            )
    return {CLASSES[0]: each[0]}


def split_groups(module, i):
    groups = i["groups"]

    def split(rng):
        train, test = parts(module.group_split(groups, i["fraction"], rng), len(groups), "group_split")
        both = np.intersect1d(groups[train], groups[test])
        if len(both):
            raise AnswerError(
                "group in both parts", f"{len(both)} groups have rows in both parts, group {both[0]} for one. A group goes as a whole."
            )  # fmt: skip
        return test

    return {GROUPS[0]: len(np.unique(groups[drawn(split, i["seed"])[0]]))}


def split_times(module, i):
    times, n = i["times"], len(i["times"])
    train, test = parts(module.time_split(times, i["fraction"]), n, "time_split")
    rows = np.sort(test)
    late = times[train] > times[test].min(initial=np.iinfo(int).max)
    if late.any() and np.array_equal(rows, np.arange(n - len(rows), n)):
        raise AnswerError(
            "the order of the table",
            "The test is the last rows of the table, but the table is not in the order of time: sort by it first.",
        )
    if late.any() and (times[train].min() > times[test].max()):
        raise AnswerError("the past is tested", "The test holds the oldest rows: it should be the newest.")
    if late.any():
        raise AnswerError(
            "future in training",
            f"{late.sum()} rows of the training are later than the first of the test: a model would know what comes. "
            "Everything in the test is later than everything in training.",
        )
    return dict(zip(TIMES, (len(test), rows)))


def share(i, count, rounded=round):
    return rounded(i["fraction"] * count)


def counted(i, how):
    return {CLASSES[0]: [how(int((i["labels"] == label).sum())) for label in range(3)]}


def group_slip(cause, message, how):
    return Slip(cause, message, lambda i: {GROUPS[0]: how(i, len(np.unique(i["groups"])))})


def of_rows(i):
    """How many groups there are among the rows that are drawn where groups should be."""
    rows = np.random.default_rng(i["seed"]).permutation(i["groups"])
    return len(np.unique(rows[: share(i, len(rows))]))


def time_slip(cause, message, how):
    return Slip(cause, message, lambda i: {TIMES[0]: how(i, len(i["times"]))})


ROUNDED = "The share is always rounded {}: round(...) takes the nearest whole number."
EXCHANGED = "The test has all but its share: fraction says how much goes to the test, and train is returned first."
WAYS = (
    ("rounded down", ROUNDED.format("down"), lambda i, n: share(i, n, int)),
    ("rounded up", ROUNDED.format("up"), lambda i, n: share(i, n, lambda x: int(np.ceil(x)))),
    ("parts exchanged", EXCHANGED, lambda i, n: n - share(i, n)),
)
GROUP_SLIPS = (
    *(group_slip(*way) for way in WAYS),
    group_slip("share of the rows", "As many groups go to the test as should be rows: round(fraction * how many groups).",
               lambda i, n: share(i, len(i["groups"]))),
    group_slip("drawn from the rows", "The groups are drawn from the rows, where each stands as often as it has rows: draw from "
               "np.unique(groups).", lambda i, n: of_rows(i)),
)  # fmt: skip
TIME_SLIPS = tuple(time_slip(*way) for way in WAYS)

EXERCISE = Exercise(
    title="Splitting: stratified, by group, by time",
    parts=(
        Part("stratified_split", classes, CLASSES, run=split_classes, float32=False, slips=tuple(
            Slip(cause, message, lambda i, how=how: counted(i, lambda n: how(i, n))) for cause, message, how in WAYS
        )),
        Part("group_split", groups_of(19, 0.3), GROUPS, run=split_groups, slips=GROUP_SLIPS, float32=False),
        Part("group_split", groups_of(17, 0.2), GROUPS, run=split_groups, slips=GROUP_SLIPS, float32=False),
        Part("time_split", times_of(19, 0.3), TIMES, run=split_times, slips=TIME_SLIPS, float32=False),
        Part("time_split", times_of(17, 0.2), TIMES, run=split_times, slips=TIME_SLIPS, float32=False),
    ),
    hints=(
        "np.flatnonzero(labels == label) are the row numbers of a class, rng.permutation(rows) puts them in random order: the first "
        "round(fraction * len(rows)) of them go to the test.",
        "np.setdiff1d(np.arange(n), test) are all rows that are not in the test.",
        "Groups: draw from np.unique(groups), each group once. np.isin(groups, chosen) says for every row whether its group was drawn.",
        "Time: np.argsort(times) are the row numbers from the oldest to the newest; cut them where the test begins.",
    ),
)  # fmt: skip
