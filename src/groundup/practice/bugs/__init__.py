"""The scripts with a fault, from the easiest to find to the hardest: each is a folder of this name.

The names and titles say what one sees, not what it is.
"""

BUGS: tuple[str, ...] = (
    "runaway",
    "coin_toss",
    "snail",
    "standstill",
    "timid",
    "moody",
    "stranger",
    "plateau",
    "too_good",
    "deaf",
)
