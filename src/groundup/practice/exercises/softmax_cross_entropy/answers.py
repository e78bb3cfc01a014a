"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

STABLE = "shifted = np.exp(logits - logits.max(axis=1, keepdims=True))\n    return shifted / shifted.sum(axis=1, keepdims=True)"

WRONG = (
    Wrong("softmax over the batch", "softmax axis",
          ((STABLE, "e = np.exp(logits - logits.max(axis=0))\n    return e / e.sum(axis=0)"),)),
    Wrong("one sum for all", "softmax axis", ((STABLE, "e = np.exp(logits)\n    return e / e.sum()"),)),
    Wrong("overflows", "not finite", ((STABLE, "e = np.exp(logits)\n    return e / e.sum(axis=1, keepdims=True)"),)),
    Wrong("not divided", "not normalised", ((STABLE, "return np.exp(logits - logits.max(axis=1, keepdims=True))"),)),
    Wrong("sum instead of mean", "factor N", (("labels].mean()", "labels].sum()"),)),
    Wrong("sign of the loss", "sign", (("return -log_p", "return log_p"),)),
    Wrong("bits, not nats", "factor 1/log(2)", (("labels].mean()", "labels].mean() / np.log(2)"),)),
    Wrong("log of a rounded probability", "not finite",
          (("return -log_p[np.arange(len(labels)), labels].mean()",
            "return -np.log(softmax(logits)[np.arange(len(labels)), labels]).mean()"),)),
    Wrong("mean over everything", "mean over classes too",
          (("return -log_p[np.arange(len(labels)), labels].mean()",
            "return -(log_p * np.eye(logits.shape[1])[labels]).mean()"),)),
    Wrong("gradient of the sum", "factor N", (("return dlogits / len(labels)", "return dlogits"),)),
    Wrong("divided by all elements", "factor 1/K", (("return dlogits / len(labels)", "return dlogits / dlogits.size"),)),
    Wrong("one-hot forgotten", "one-hot missing", (("dlogits[np.arange(len(labels)), labels] -= 1", "pass"),)),
    Wrong("labels minus probabilities", "sign", (("return dlogits / len(labels)", "return -dlogits / len(labels)"),)),
    Wrong("softmax twice", "softmax twice", (("dlogits = softmax(logits)", "dlogits = softmax(softmax(logits))"),)),
)  # fmt: skip

RIGHT = (
    Right("a one-hot matrix", (("dlogits[np.arange(len(labels)), labels] -= 1",
                                "dlogits = dlogits - np.eye(logits.shape[1], dtype=logits.dtype)[labels]"),)),
    Right("log-sum-exp by np.logaddexp", (("log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))",
                                           "log_p = shifted - np.logaddexp.reduce(shifted, axis=1)[:, None]"),)),
    Right("transposed inside", ((STABLE, "z = logits.T\n    e = np.exp(z - z.max(axis=0))\n    return (e / e.sum(axis=0)).T"),)),
    Right("a loop over rows", ((STABLE, "rows = [np.exp(row - row.max()) for row in logits]\n"
                                        "    return np.array([row / row.sum() for row in rows])"),)),
)  # fmt: skip
