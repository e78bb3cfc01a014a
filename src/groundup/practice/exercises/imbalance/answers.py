"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

PRECISION = "precision = tp / max(tp + fp, 1)"
BALANCED = "balanced = (recall + tn / max(tn + fp, 1)) / 2"
SWEEP = "    total, before = 0.0, 0.0\n    for threshold in np.unique(scores)[::-1]:\n        precision, recall, _, _ = metrics(labels, (scores >= threshold).astype(int))\n        total += (recall - before) * precision\n        before = recall\n    return total"
RANKED = "    order = np.argsort(-scores, kind='stable')\n    hits = labels[order].cumsum()\n    precision = hits / np.arange(1, len(labels) + 1)\n"
CHOICE = "f1 = metrics(labels, (scores >= threshold).astype(int))[2]"

WRONG = (
    Wrong("false alarms and misses exchanged", "is fn", (("return tp, fp, fn, tn", "return tp, fn, fp, tn"),)),
    Wrong("precision over all positives", "is recall", ((PRECISION, "precision = tp / max(tp + fn, 1)"),)),
    Wrong("nothing found, nothing divided", "raises ZeroDivisionError", ((PRECISION, "precision = tp / (tp + fp)"),)),
    Wrong("the arithmetic mean", "arithmetic mean", (("f1 = 2 * tp / max(2 * tp + fp + fn, 1)", "f1 = (precision + recall) / 2"),)),
    Wrong("accuracy", "accuracy", ((BALANCED, "balanced = (tp + tn) / len(labels)"),)),
    Wrong("balanced, not halved", "not halved", ((BALANCED, BALANCED[:-4]),)),
    Wrong("lowest score first", "lowest score first", (("        precision, recall, _, _ = metrics(labels, (scores >= threshold).astype(int))", "        precision, recall, _, _ = metrics(labels, (scores <= threshold).astype(int))"), ("    total, before = 0.0, 0.0\n    for threshold in np.unique(scores)[::-1]:", "    total, before = 0.0, 0.0\n    for threshold in np.unique(scores):"))),
    Wrong("mean of all precisions", "mean over all thresholds", ((SWEEP, RANKED + "    return precision.mean()"),)),
    Wrong("trapezoids", "trapezoids", ((SWEEP, SWEEP.replace("total, before = 0.0, 0.0", "total, before, last = 0.0, 0.0, 1.0").replace("* precision\n", "* (precision + last) / 2\n        last = precision\n")),)),
    Wrong("rows of the same score one by one", "ties one by one", ((SWEEP, RANKED + "    return (precision * labels[order]).sum() / labels.sum()"),)),
    Wrong("greater, not greater or equal", "greater, not equal", ((CHOICE, CHOICE.replace(">=", ">")),)),
    Wrong("the best accuracy", "chosen by accuracy", ((CHOICE, "f1 = np.mean((scores >= threshold) == labels)"),)),
    Wrong("one half", "one half", (("threshold = best_threshold(validation_labels, validation_scores)", "threshold = 0.5"),)),
    Wrong("chosen on the test", "chosen on the test", (("threshold = best_threshold(validation_labels, validation_scores)", "threshold = best_threshold(test_labels, test_scores)"),)),
    Wrong("chosen on both", "chosen on the test", (("threshold = best_threshold(validation_labels, validation_scores)",
          "threshold = best_threshold(np.concatenate([validation_labels, test_labels]), np.concatenate([validation_scores, test_scores]))"),)),
)  # fmt: skip

RIGHT = (
    Right("sums of products", (("tp = int(np.sum((predicted == 1) & (labels == 1)))", "tp = (labels * predicted).sum()"), ("fp = int(np.sum((predicted == 1) & (labels == 0)))", "fp = predicted.sum() - tp"))),
    Right("the harmonic mean, written out", (("f1 = 2 * tp / max(2 * tp + fp + fn, 1)", "f1 = 2 * precision * recall / (precision + recall) if tp else 0.0"),)),
    Right("a cumulated sum", ((SWEEP, "    order = np.argsort(-scores)\n    s, hits = scores[order], labels[order].cumsum()\n    last = np.append(s[1:] != s[:-1], True)\n"
                                      "    precision, recall = (hits / np.arange(1, len(s) + 1))[last], (hits / hits[-1])[last]\n    return float(np.sum(np.diff(recall, prepend=0) * precision))"),)),
    Right("max with a key", (("    best, chosen = -1.0, 0.0\n    for threshold in np.unique(scores)[::-1]:\n        f1 = metrics(labels, (scores >= threshold).astype(int))[2]\n        if f1 > best:\n            best, chosen = f1, threshold\n    return chosen",
                              "    return max(sorted(scores, reverse=True), key=lambda t: metrics(labels, scores >= t)[2])"),)),
)  # fmt: skip
