"""Where PyTorch has no twin: the formula on the tape is the other evidence, and it objects to a wrong backward."""

import pytest

from groundup import scratch as gu
from groundup.compare.case import labels, layer, normal
from groundup.compare.examine import examine
from groundup.scratch import tape
from groundup.scratch.tape import composed

CASES = [
    layer(
        gu.Linear,
        lambda rng: gu.Linear(7, 5, rng=rng),
        normal(2, 3, 7),
        twin=None,
        formula=lambda x, weight, bias: x @ weight.T + bias,
    ),
    layer(gu.SiLU, lambda rng: gu.SiLU(), normal(11, 7), twin=None, formula=lambda x: x * composed.sigmoid(x)),
    layer(
        gu.LayerNorm,
        lambda rng: gu.LayerNorm(7),
        normal(11, 7),
        twin=None,
        formula=lambda x, weight, bias: composed.layer_norm(x, weight, bias),
    ),
    layer(
        gu.CrossEntropy,
        lambda rng: gu.CrossEntropy(),
        normal(11, 7),
        labels(11, classes=7),
        twin=None,
        formula=composed.cross_entropy,
    ),
    layer(
        gu.MSE,
        lambda rng: gu.MSE(),
        normal(11, 7),
        normal(11, 7),
        twin=None,
        formula=lambda prediction, target: ((prediction - target) ** 2).mean(),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_formula_agrees(case):
    evidence = examine(case)
    assert evidence.failures == ()
    assert evidence.twin == "formula"
    assert "formula on the tape" in evidence.checks
    assert evidence.forward is not None
    assert evidence.gradients


def test_a_wrong_backward_is_found():
    class Wrong(gu.Tanh):
        def backward(self, dy):
            return (1 + 1e-9) * super().backward(dy)  # too little for finite differences

    case = layer(Wrong, lambda rng: Wrong(), normal(11, 7), twin=None, formula=tape.tanh)
    assert any(f.startswith("dx: the formula disagrees by 1.0e-09") for f in examine(case).failures)
