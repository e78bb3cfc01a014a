"""Where weights start.

A unit adds up as many products as it has inputs. If the weights are too large the sums grow from layer to layer, if they
are too small they fade, and so do the gradients on the way back. The right spread keeps the strength of the signal:

    He (for ReLU, which cuts half of it away)    normal, standard deviation sqrt(2 / fan_in)
    Xavier (for tanh; forward and backward)      uniform from -a to a,  a = sqrt(6 / (fan_in + fan_out))

(He, Zhang, Ren and Sun, 2015; Glorot and Bengio, 2010, whose first author is called Xavier.)

A linear layer's weight (O, I) has fan_in = I and fan_out = O. A convolution's (O, C, K, K) has fan_in = C K K and
fan_out = O K K: the numbers that meet in one output, and the outputs that one input reaches.

Draw with rng.normal(size=...) and rng.uniform(-a, a, size=...), once each: then your numbers can be compared.
"""

import numpy as np


def fans(shape):
    """Return fan_in, fan_out for a weight's shape, (O, I) or (O, C, K, K)."""
    # your code
    field = int(np.prod(shape[2:]))
    return shape[1] * field, shape[0] * field
    # end of your code


def he_normal(rng, shape):
    """Return a weight of this shape, drawn from the random generator rng."""
    # your code
    fan_in, _ = fans(shape)
    return rng.normal(size=shape) * np.sqrt(2 / fan_in)
    # end of your code


def xavier_uniform(rng, shape):
    """Return a weight of this shape, drawn from the random generator rng."""
    # your code
    a = np.sqrt(6 / sum(fans(shape)))
    return rng.uniform(-a, a, size=shape)
    # end of your code
