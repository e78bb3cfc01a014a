"""Metrics under imbalance: few positives, scores with ties, and a threshold that must not know the test."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, named
from groundup.practice.exercises.imbalance import solution
from groundup.practice.scenes import number

COUNTS: tuple[str, ...] = ("tp", "fp", "fn", "tn")
METRICS: tuple[str, ...] = ("precision", "recall", "F1", "balanced accuracy")


def rare(rng, n):
    """Labels with one positive in five, and scores that know something about them.

    One threshold is the best; and the lowest score is a positive's, so that the last threshold counts too.
    """
    while True:
        labels = rng.permutation(np.arange(n) < n // 5).astype(int)
        scores = rng.normal(size=n) + 1.2 * labels
        scores[np.flatnonzero(labels)[0]] = scores.min() - 0.3
        second, first = np.sort(f1_curve(labels, scores)[1])[-2:]
        if first > second + 1e-6:
            return labels, scores


def f1_curve(labels, scores):
    """Return the scores from the highest down, all different, and the F1 with each as the threshold."""
    order = np.argsort(-scores)
    return scores[order], 2 * labels[order].cumsum() / (np.arange(1, len(labels) + 1) + labels.sum())


def best_f1(labels, scores):
    thresholds, f1 = f1_curve(labels, scores)
    return thresholds[f1.argmax()]


def predictions(rng, dtype):
    """Four different counts: none can be taken for another."""
    tp, fp, fn, tn = *rng.permutation([3, 4, 5, 7, 8])[:3], int(rng.integers(20, 40))
    labels = np.repeat([1, 0, 1, 0], [tp, fp, fn, tn])
    order = rng.permutation(len(labels))
    return Case(
        {"labels": labels[order], "predicted": np.repeat([1, 1, 0, 0], [tp, fp, fn, tn])[order]}, {"N": len(labels)}
    )


def no_alarm(rng, dtype):
    case = predictions(rng, dtype)
    return Case({**case.inputs, "predicted": np.zeros_like(case.inputs["labels"])}, case.dims)


def scored(rng, dtype):
    labels, scores = rare(rng, int(rng.choice([43, 47])))
    return Case({"labels": labels, "scores": scores}, {"N": len(labels)})


def scored_with_ties(rng, dtype):
    case = scored(rng, dtype)
    return Case({**case.inputs, "scores": np.round(2 * case.inputs["scores"]) / 2}, case.dims)


def validation_and_test(rng, dtype):
    """Two parts on which a threshold chosen in the wrong way leads to another F1."""
    while True:
        (a, b), (c, d) = rare(rng, 43), rare(rng, 59)
        d[np.flatnonzero(c)[0]] = best_f1(a, b)  # a score in the test that is the threshold
        inputs = {"validation_labels": a, "validation_scores": b, "test_labels": c, "test_scores": d}
        results = [tested(inputs, threshold) for threshold in (best_f1(a, b), best_f1(c, d), of_both(inputs), 0.5)]
        if len({round(result["F1 on the test"], 6) for result in results}) == len(results):
            return Case(inputs, {"N": 43, "M": 59})


def use_metrics(module, i):
    found = named(module.metrics(i["labels"], i["predicted"]), METRICS, "metrics")
    return {name: number(value) for name, value in found.items()}


def use_average_precision(module, i):
    return {"average precision": number(module.average_precision(i["labels"], i["scores"]))}


def use_best_threshold(module, i):
    return {"threshold": number(module.best_threshold(i["labels"], i["scores"]))}


def use_f1_on_test(module, i):
    return {"F1 on the test": number(module.f1_on_test(**i))}


def rates(i):
    tp, fp, fn, tn = solution.counts(i["labels"], i["predicted"])
    return tp / max(tp + fp, 1), tp / (tp + fn), tn / (tn + fp)


def jaccard(i):
    tp, fp, fn, _ = solution.counts(i["labels"], i["predicted"])
    return tp / (tp + fp + fn)


def ranked(i, reverse=False):
    """Return precision and recall after each row, from the highest score down; of equal scores in one order or the other."""
    places = np.arange(len(i["scores"]))
    order = np.lexsort((places[::-1] if reverse else places, -i["scores"]))
    hits = i["labels"][order].cumsum()
    return hits / (places + 1), hits / hits[-1], i["labels"][order]


def curve(i, upwards=False):
    """Return precision and recall at each different score, from the highest down or from the lowest up."""
    thresholds = np.unique(i["scores"]) if upwards else np.unique(i["scores"])[::-1]
    made = [i["scores"] <= t if upwards else i["scores"] >= t for t in thresholds]
    return np.array([solution.metrics(i["labels"], p.astype(int))[:2] for p in made]).T


def area(precision, recall, trapezoids=False):
    if trapezoids:
        precision = (precision + np.append(1.0, precision[:-1])) / 2
    return {"average precision": (np.diff(recall, prepend=0) * precision).sum()}


def roc_area(i):
    """Return how often a positive has a higher score than a negative; half of the equal ones count."""
    above = i["scores"][i["labels"] == 1][:, None] - i["scores"][i["labels"] == 0]
    return (np.sign(above) + 1).mean() / 2


def one_by_one(i, reverse):
    precision, _, labels = ranked(i, reverse)
    return {"average precision": (precision * labels).sum() / labels.sum()}


def best(labels, scores, predict=np.greater_equal, quality=lambda y, p: solution.metrics(y, p)[2]):
    """The threshold with one thing done differently."""
    thresholds = np.unique(scores)[::-1]
    return thresholds[np.argmax([quality(labels, predict(scores, t).astype(int)) for t in thresholds])]


def threshold_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: {"threshold": best(i["labels"], i["scores"], **changes)})


def accuracy(labels, predicted):
    return np.mean(labels == predicted)


def tested(i, threshold):
    return {"F1 on the test": solution.metrics(i["test_labels"], (i["test_scores"] >= threshold).astype(int))[2]}


def of_both(i):
    return best_f1(*(np.concatenate([i[f"validation_{kind}"], i[f"test_{kind}"]]) for kind in ("labels", "scores")))


TIES = "Rows of the same score enter one by one, so the result depends on their order in the table. They enter together: one threshold for each different score."
AVERAGE = (
    Slip("lowest score first", "The curve begins at the lowest scores: go from the highest down.", lambda i: area(*curve(i, upwards=True))),
    Slip("lowest score first", "The curve begins at the lowest threshold: go from the highest down.", lambda i: area(*curve(i)[:, ::-1])),
    Slip("mean over all thresholds", "This is the mean of the precision over all thresholds: each counts by how much the recall grows there.",
         lambda i: {"average precision": ranked(i)[0].mean()}),
    Slip("mean over all thresholds", "This is the mean of the precision over all thresholds: each counts by how much the recall grows there.",
         lambda i: {"average precision": curve(i)[0].mean()}),
    Slip("recall, not its growth", "Each precision is multiplied with the recall, not with how much it grew since the threshold before.",
         lambda i: {"average precision": np.prod(curve(i), axis=0).sum()}),
    Slip("another area", "This is the area under the ROC curve: average precision is that under precision over recall.",
         lambda i: {"average precision": roc_area(i)}),
    Slip("greater, not equal", "The rows at the threshold are left out: score >= threshold.",
         lambda i: area(*np.hstack([np.zeros((2, 1)), curve(i)[:, :-1]]))),
    Slip("trapezoids", "This is the area in trapezoids, which is too kind: the sum takes the precision at the end of each step.",
         lambda i: area(*curve(i), trapezoids=True)),
    Slip("ties one by one", TIES, lambda i: one_by_one(i, reverse=False)),
    Slip("ties one by one", TIES, lambda i: one_by_one(i, reverse=True)),
)  # fmt: skip
METRIC_SLIPS = (
    Slip("geometric mean", "This is the geometric mean of precision and recall: F1 is the harmonic one.",
         lambda i: {"F1": (rates(i)[0] * rates(i)[1]) ** 0.5}),
    Slip("tp once", "This is tp / (tp + fp + fn), the Jaccard index: in F1 tp counts twice, above and below.",
         lambda i: {"F1": jaccard(i)}),
    Slip("one class alone", "This is the recall of the negatives alone: take the mean with that of the positives.",
         lambda i: {"balanced accuracy": rates(i)[2]}),
    Slip("arithmetic mean", "This is the arithmetic mean of precision and recall: F1 is the harmonic one.",
         lambda i: {"F1": (rates(i)[0] + rates(i)[1]) / 2}),
    Slip("accuracy", "This is the plain accuracy, which the many negatives decide.",
         lambda i: {"balanced accuracy": accuracy(i["labels"], i["predicted"])}),
    Slip("not halved", "This is the sum of the recalls of both classes: take their mean.",
         lambda i: {"balanced accuracy": rates(i)[1] + rates(i)[2]}),
    Slip("mean of precision and recall", "This is the mean of precision and recall: balanced accuracy is the mean of the recalls of both "
         "classes.", lambda i: {"balanced accuracy": (rates(i)[0] + rates(i)[1]) / 2}),
)  # fmt: skip

EXERCISE = Exercise(
    title="Metrics under imbalance, and a threshold",
    parts=(
        Part("counts", predictions, COUNTS, float32=False, slips=(
            Slip("all alarms", "fp counts all that is predicted positive, also what is so: take those with label 0.",
                 lambda i: {"fp": i["predicted"].sum()}),
        )),
        Part("metrics", predictions, METRICS, run=use_metrics, slips=METRIC_SLIPS, float32=False),
        Part("metrics", no_alarm, METRICS, run=use_metrics, slips=METRIC_SLIPS, float32=False),
        Part("average_precision", scored, ("average precision",), run=use_average_precision, slips=AVERAGE, float32=False),
        Part("average_precision", scored_with_ties, ("average precision",), run=use_average_precision, slips=AVERAGE, float32=False),
        Part("best_threshold", scored, ("threshold",), run=use_best_threshold, float32=False, slips=(
            threshold_slip("greater, not equal", "A row whose score is the threshold is positive: score >= threshold.", predict=np.greater),
            threshold_slip("chosen by accuracy", "This threshold has the best accuracy, not the best F1.", quality=accuracy),
            threshold_slip("chosen by recall", "This threshold has the best recall, which the lowest always has: take the best F1.",
                           quality=lambda y, p: solution.metrics(y, p)[1]),
            threshold_slip("chosen by precision", "This threshold has the best precision, not the best F1.",
                           quality=lambda y, p: solution.metrics(y, p)[0]),
            Slip("F1 instead of the threshold", "This is the F1 of the best threshold: return the threshold.",
                 lambda i: {"threshold": f1_curve(i["labels"], i["scores"])[1].max()}),
        )),
        Part("f1_on_test", validation_and_test, ("F1 on the test",), run=use_f1_on_test, float32=False, slips=(
            Slip("chosen on the test", "The threshold was chosen on the test, so this F1 is too good to be true: choose on the validation part.",
                 lambda i: tested(i, best_f1(i["test_labels"], i["test_scores"]))),
            Slip("chosen on the test", "The test had a say in the threshold: choose on the validation part alone.",
                 lambda i: tested(i, of_both(i))),
            Slip("greater, not equal", "A row whose score is the threshold is positive: score >= threshold.",
                 lambda i: tested(i, best_f1(i["validation_labels"], i["validation_scores"]) + 1e-12)),
            Slip("one half", "The threshold is 0.5, whatever the scores are: choose it on the validation part.", lambda i: tested(i, 0.5)),
            Slip("F1 of the validation part", "This is the F1 of the validation part, where the threshold was chosen: it must be measured on the test.",
                 lambda i: {"F1 on the test": f1_curve(i["validation_labels"], i["validation_scores"])[1].max()}),
        )),
    ),
    hints=(
        "(predicted == 1) & (labels == 1) is True where both hold, and the sum of it is how often. The brackets are needed.",
        "0 / 0 comes up when nothing is predicted positive: max(tp + fp, 1) below the line is enough, since tp is 0 then.",
        "np.unique(scores)[::-1] are the different scores from the highest down. At each: metrics(labels, (scores >= threshold).astype(int)).",
        "f1_on_test: best_threshold gets the validation part, metrics gets the test.",
    ),
)  # fmt: skip
