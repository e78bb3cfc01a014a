"""Every planted mistake must be noticed, and the hunt must be able to find a survivor."""

from pathlib import Path

import numpy as np
import pytest

from groundup import scratch as gu
from groundup.compare.case import LayerCase, layer, normal
from groundup.compare.cases import CASES
from groundup.compare.teeth import Judge, bite, first_summand, kernels_of, source_mutants

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
LAYER_CASES = [case for case in CASES if isinstance(case, LayerCase)]


def test_no_mutant_survives(capsys):
    results = bite(LAYER_CASES)
    survivors = [f"{result.name}: {survivor}" for result in results for survivor in result.survivors]
    mutants = sum(result.mutants for result in results)
    with capsys.disabled():
        print(f"\nteeth: {mutants} mutants, {len(survivors)} survivors")
    assert survivors == []
    assert f"{mutants:,} in the backwards" in PAGE.read_text(encoding="utf-8"), "run scripts/make_parity.py"
    assert min(result.mutants for result in results if result.name in {case.name for case in LAYER_CASES}) >= 5


def careless_forward(x):
    return x + 0.0 * x, None


def careless_backward(dy, cache):
    return dy + 0.0 * dy


class Careless(gu.Layer):
    """Its backward has a term that changes nothing: dropping it cannot be noticed."""

    def forward(self, x):
        y, cache = careless_forward(x)
        self.remember(cache)
        return y

    def backward(self, dy):
        return careless_backward(dy, self.recall())


def test_a_survivor_is_found():
    results = bite([layer(Careless, lambda rng: Careless(), normal(11, 7), twin=None, evidence="a test")])
    survivors = [survivor for result in results for survivor in result.survivors]
    assert any("dy + 0.0 * dy -> dy" in survivor for survivor in survivors)


def test_the_kernels_of_others_in_the_file_are_left_alone():
    tanh = [case for case in LAYER_CASES if case.component is gu.Tanh]
    kernels = {result.name for result in bite(tanh, jury=LAYER_CASES)} - {case.name for case in tanh}
    assert kernels == {"tanh_backward"}


def test_a_kernel_that_nobody_runs_is_reported():
    tanh = [case for case in LAYER_CASES if case.component is gu.Tanh]
    assert any(result.name == "relu_backward" and result.survivors for result in bite(tanh))


def test_bite_restores_the_kernels():
    case = next(case for case in LAYER_CASES if case.component is gu.Linear)
    codes = [kernel.__code__ for kernel in kernels_of(case)]
    bite([case])
    assert [kernel.__code__ for kernel in kernels_of(case)] == codes
    assert not Judge(case).objects()


def test_bite_refuses_a_wrong_backward():
    class Wrong(gu.Tanh):
        def backward(self, dy):
            return 2 * super().backward(dy)

    with pytest.raises(AssertionError, match="already rejected"):
        bite([layer(Wrong, lambda rng: Wrong(), normal(11, 7), twin=None, evidence="a test")])


def test_source_mutants_are_single_changes():
    case = next(case for case in LAYER_CASES if case.component is gu.Sigmoid)
    (kernel,) = [k for k in kernels_of(case) if k.__name__ == "sigmoid_backward"]
    descriptions = [description for description, _ in source_mutants(kernel)]
    assert any("1 - y -> 1 + y" in d for d in descriptions)
    assert any("dy * y * (1 - y) -> dy * y" in d for d in descriptions)


def test_first_summand_keeps_one_term():
    x = np.arange(24.0).reshape(2, 3, 4) + 1
    np.testing.assert_array_equal(first_summand(x, 1).sum(axis=1), x[:, 0])
    np.testing.assert_array_equal(first_summand(x, (0, 2)).sum(axis=(0, 2)), x[0, :, 0])
    assert first_summand(x, None).sum() == x[0, 0, 0]
