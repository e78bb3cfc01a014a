"""Initializers."""

from torch.nn import init

from groundup.compare.case import InitializerCase
from groundup.scratch import initializers

CASES = [
    InitializerCase(
        initializers.normal, lambda s, rng: initializers.normal(s, 0.3, 2.0, rng), lambda t: init.normal_(t, 0.3, 2.0)
    ),
    InitializerCase(
        initializers.uniform, lambda s, rng: initializers.uniform(s, -1, 2, rng), lambda t: init.uniform_(t, -1, 2)
    ),
    InitializerCase(
        initializers.kaiming_uniform,
        lambda s, rng: initializers.kaiming_uniform(s, rng),
        lambda t: init.kaiming_uniform_(t, nonlinearity="relu"),
    ),
    InitializerCase(
        initializers.kaiming_normal,
        lambda s, rng: initializers.kaiming_normal(s, rng),
        lambda t: init.kaiming_normal_(t, nonlinearity="relu"),
    ),
    InitializerCase(
        initializers.xavier_uniform, lambda s, rng: initializers.xavier_uniform(s, rng), init.xavier_uniform_
    ),
    InitializerCase(initializers.xavier_normal, lambda s, rng: initializers.xavier_normal(s, rng), init.xavier_normal_),
]
