"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

ADD = "np.add.at(dweight, indices, dy)"
ZERO = "dweight[padding] = 0"
LAYER = "self.dweight += embedding_backward(dy, self.indices, len(self.weight), self.padding)"
WRONG = (
    Wrong("adds with repeated indices", "repeats lost", ((ADD, "dweight[indices] += dy"),)),
    Wrong("puts dy into the rows", "repeats lost", ((ADD, "dweight[indices] = dy"),)),
    Wrong("a mean for each word", "averaged over the places",
          ((ADD, "for v in np.unique(indices):\n        dweight[v] = dy[indices == v].mean(axis=0)"),)),
    Wrong("divided by the batch", "factor 1/N", ((ADD, "np.add.at(dweight, indices, dy / len(dy))"),)),
    Wrong("counts the places", "upstream ignored", ((ADD, "np.add.at(dweight, indices, 1)"),)),
    Wrong("trains the padding", "padding trained", ((ZERO, "pass"),)),
    Wrong("takes word 0 for the padding", "padding is not 0", ((ZERO, "dweight[0] = 0"),)),
    Wrong("a table for each sentence", "not summed over axis 0",
          ((f"{ADD}\n    {ZERO}\n    return dweight",
            "onehot = np.eye(rows, dtype=dy.dtype)[indices]\n    onehot[:, :, padding] = 0\n    return onehot.mT @ dy"),)),
    Wrong("a table in float64", "dtype", (("np.zeros((rows, dy.shape[-1]), dy.dtype)", "np.zeros((rows, dy.shape[-1]))"),)),
    Wrong("clears dy at the padding", "changes dy", ((ADD, f"dy[indices == padding] = 0\n    {ADD}"),)),
    Wrong("take without an axis", "no axis", (("return weight[indices]", "return np.take(weight, indices)"),)),
    Wrong("time before batch", "transposed", (("return weight[indices]", "return weight[indices.T]"),)),
    Wrong("shows the padding as zeros", "padding hidden",
          (("return embedding_forward(indices, self.weight)",
            "return embedding_forward(indices, self.weight) * (indices != self.padding)[..., None]"),)),
    Wrong("gradient overwritten", "overwritten", ((LAYER, LAYER.replace("+=", "=")),)),
    Wrong("takes a step at once", "changes weight", ((LAYER, f"{LAYER}\n        self.weight -= 0.1 * self.dweight"),)),
)  # fmt: skip

RIGHT = (
    Right("a one-hot matrix", ((ADD, "dweight += np.eye(rows, dtype=dy.dtype)[indices.ravel()].T @ dy.reshape(indices.size, -1)"),)),
    Right("word by word", ((ADD, "for v in range(rows):\n        dweight[v] = dy[indices == v].sum(axis=0)"),)),
    Right("place by place", ((ADD, "for n, t in np.ndindex(*indices.shape):\n        dweight[indices[n, t]] += dy[n, t]"),)),
    Right("leaves the padding out", ((ADD, "trained = indices != padding\n    np.add.at(dweight, indices[trained], dy[trained])"),
                                     (ZERO, "pass"))),
)  # fmt: skip
