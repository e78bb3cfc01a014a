"""One line for every public component: how to build it, what goes in, and its PyTorch twin.

One family a file, as in ``scratch``. Shapes are unequal primes, so that no transposition, and no reduction over the
wrong axis, can pass unnoticed. A public component without a line here fails a test.
"""

from groundup.compare.case import Case
from groundup.compare.cases import (
    activations,
    attention,
    convolution,
    embedding,
    initializers,
    losses,
    models,
    normalization,
    optimizers,
    recurrent,
    schedules,
    structure,
    tape,
)

CASES: list[Case] = [
    *structure.CASES,
    *activations.CASES,
    *normalization.CASES,
    *convolution.CASES,
    *embedding.CASES,
    *recurrent.CASES,
    *attention.CASES,
    *losses.CASES,
    *models.CASES,
    *optimizers.CASES,
    *schedules.CASES,
    *initializers.CASES,
    *tape.CASES,
]
