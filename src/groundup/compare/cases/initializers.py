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
    InitializerCase(
        initializers.kaiming_uniform,
        lambda s, rng: initializers.kaiming_uniform(s, rng, "leaky_relu", 0.3, "fan_out"),
        lambda t: init.kaiming_uniform_(t, a=0.3, mode="fan_out", nonlinearity="leaky_relu"),
        label="fan out, leaky ReLU",
    ),
    InitializerCase(
        initializers.kaiming_normal,
        lambda s, rng: initializers.kaiming_normal(s, rng, "tanh", mode="fan_out"),
        lambda t: init.kaiming_normal_(t, mode="fan_out", nonlinearity="tanh"),
        label="fan out, tanh",
    ),
    InitializerCase(
        initializers.truncated_normal,
        lambda s, rng: initializers.truncated_normal(s, 0.3, 1.5, rng, -1.0, 2.0),
        lambda t: init.trunc_normal_(t, 0.3, 1.5, -1.0, 2.0),
        label="both ends cut off",
    ),
    InitializerCase(
        initializers.truncated_normal,
        lambda s, rng: initializers.truncated_normal(s, 0.0, 0.02, rng),
        lambda t: init.trunc_normal_(t, 0.0, 0.02),
        label="as in transformers",
    ),
    InitializerCase(
        initializers.orthogonal,
        lambda s, rng: initializers.orthogonal(s, rng, gain=2.0),
        lambda t: init.orthogonal_(t, gain=2.0),
        evidence="that it is orthogonal, and all signs equally likely, is tested in tests/scratch/test_initializers.py",
    ),
]
