"""An embedding: a table of vectors, one for each word, and the gradient that finds its way back to the rows.

A network computes with numbers, and a sentence is made of words. Number the V words of the vocabulary, and give each
a vector of D numbers, its row in a table, the weight:

    y[n, t] = weight[indices[n, t]]        indices (N, T), weight (V, D)  ->  y (N, T, D)

Row v was copied to every place where word v stands. So its gradient is the sum of dy over all these places, and zero
for a word that stands nowhere:

    dweight[v] = sum of dy[n, t] over all n, t with indices[n, t] = v        (V, D)

Sentences are of unequal length, and the short ones are filled up with one word that means nothing, the padding. Its
row is looked up as any other, but never trained: its gradient is zero.

Last, the layer. It adds to its gradient, and has none to hand on: the number of a word can't be moved a little.

The layer is that of Bengio et al. 2003, "A neural probabilistic language model", section 2; names as in PyTorch.
"""

import numpy as np


def embedding_forward(indices, weight):
    """Return y (N, T, D) for the whole numbers indices (N, T), from 0 to V - 1, and weight (V, D)."""
    # your code
    return weight[indices]
    # end of your code


def embedding_backward(dy, indices, rows, padding):
    """Return dweight (rows, D), with rows = V, for dy (N, T, D); row number ``padding`` of it is zero."""
    # your code
    dweight = np.zeros((rows, dy.shape[-1]), dy.dtype)
    np.add.at(dweight, indices, dy)
    dweight[padding] = 0
    return dweight
    # end of your code


class Embedding:
    """The layer: it keeps its table, and the gradient collected since it was last set to zero."""

    def __init__(self, weight, padding):
        self.weight = weight
        self.padding = padding
        self.dweight = np.zeros_like(weight)

    def forward(self, indices):
        """Return y, and remember what backward will need."""
        # your code
        self.indices = indices
        return embedding_forward(indices, self.weight)
        # end of your code

    def backward(self, dy):
        """Add to self.dweight; there is nothing to return."""
        # your code
        self.dweight += embedding_backward(dy, self.indices, len(self.weight), self.padding)
        # end of your code
