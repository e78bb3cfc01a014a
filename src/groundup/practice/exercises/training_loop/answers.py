"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

ORDER = "order = rng.permutation(n)"
LOOP = "for start in range(0, n, size):\n        yield order[start : start + size]"
ZERO = "        network.zero_grad()\n"
STEP = "        optimizer.step()\n"
BACKWARD = "        network.backward(dlogits)\n"
TOTAL = "total += loss * len(rows)\n    return total / len(x)"
EVALUATED = "        total += loss * len(logits)\n        right += (logits.argmax(axis=1) == labels[rows]).sum()\n    return total / len(x), right / len(x)"

WRONG = (
    Wrong("not shuffled", "not shuffled", ((ORDER, "order = np.arange(n)"),)),
    Wrong("the last batch lost", "last batch lost", ((LOOP, "for number in range(n // size):\n        yield order[number * size : (number + 1) * size]"),)),
    Wrong("drawn with replacement", "rows twice", ((LOOP, "for _ in range(0, n, size):\n        yield rng.integers(n, size=size)"),)),
    Wrong("zero_grad forgotten", "zero_grad forgotten", ((ZERO, ""),)),
    Wrong("zero_grad once an epoch", "zero_grad once an epoch", ((ZERO, ""), ("    total = 0.0\n    for rows", "    total = 0.0\n    network.zero_grad()\n    for rows"))),
    Wrong("zero_grad between backward and step", "zero_grad before the step", ((ZERO, ""), (STEP, ZERO + STEP))),
    Wrong("step before backward", "step before backward", ((BACKWARD + STEP, STEP + BACKWARD),)),
    Wrong("labels not shuffled", "labels of other rows",
          (("for rows in batches", "for number, rows in enumerate(batches"), ("x), size, rng):\n        network", "x), size, rng)):\n        network"),
           ("loss, dlogits = cross_entropy(logits, labels[rows])", "loss, dlogits = cross_entropy(logits, labels[number * size :][: len(rows)])"))),
    Wrong("step forgotten", "step forgotten", ((STEP, ""),)),
    Wrong("training mode stays off", "training mode off", (("    network.training = True\n    total", "    total"),)),
    Wrong("a mean of means", "mean of batch means", ((TOTAL, "total += loss / -(-len(x) // size)\n    return total"),)),
    Wrong("the sum of the losses", "factor N", ((TOTAL, "total += loss * len(rows)\n    return total"),)),
    Wrong("evaluated in training mode", "evaluated in training mode", (("    network.training = False\n", ""),)),
    Wrong("accuracy as a mean of means", "mean of batch means",
          ((EVALUATED, "        total += loss * len(logits)\n        right += (logits.argmax(axis=1) == labels[rows]).mean()\n"
                       "    return total / len(x), right / -(-len(x) // size)"),)),
    Wrong("how many are right", "factor N", (("return total / len(x), right / len(x)", "return total / len(x), right"),)),
)  # fmt: skip

RIGHT = (
    Right("np.split", ((LOOP, "yield from np.split(order, range(size, n, size))"),)),
    Right("zero_grad after the step, and a list", ((ZERO, ""), (STEP, STEP + ZERO), ("total += loss * len(rows)\n    return total / len(x)", "total += float(loss) * rows.size / len(x)\n    return total"))),
    Right("all at once", (("for start in range(0, len(x), size):\n        rows = slice(start, start + size)", "for rows in [slice(0, len(x))]:"),)),
    Right("np.average", ((EVALUATED, EVALUATED.replace("total += loss * len(logits)", "total = total + loss * labels[rows].size").replace("right += (logits.argmax(axis=1) == labels[rows]).sum()", "right += np.count_nonzero(np.argmax(logits, 1) == labels[rows])")),)),
)  # fmt: skip
