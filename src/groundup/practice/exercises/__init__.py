"""The exercises in the order of the road: each is a folder of this name."""

ROAD: tuple[str, ...] = (
    "linear",
    "softmax_cross_entropy",
    "adam",
)
