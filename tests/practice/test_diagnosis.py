"""A cause is named if it is the cause, and only then: planted mistakes on random arrays, and noise that has no name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.practice.diagnosis import explain_gradient
from groundup.practice.diagnosis.explain import Trial, explain
from groundup.practice.exercise import Slip

DIMS = [{"N": 5, "I": 7, "O": 3}, {"N": 11, "I": 2, "O": 13}, {"N": 3, "I": 5, "O": 2}]
SEEDS = st.integers(0, 2**32 - 1)


def arrays(seed, letters="OI"):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=[dims[letter] for letter in letters]) for dims in DIMS]


PLANTED = {
    "factor N": lambda a, d: a * d["N"],
    "factor 1/N": lambda a, d: a / d["N"],
    "factor -1/N": lambda a, d: -a / d["N"],
    "factor 2": lambda a, d: a * 2,
    "factor 1/2": lambda a, d: a / 2,
    "factor sqrt(I)": lambda a, d: a * d["I"] ** 0.5,
    "factor N O": lambda a, d: a * d["N"] * d["O"],
    "factor 1/(N I)": lambda a, d: a / d["N"] / d["I"],
    "factor N/(N-1)": lambda a, d: a * d["N"] / (d["N"] - 1),
    "factor 1.7": lambda a, d: a * 1.7,
    "sign": lambda a, d: -a,
    "zeros": lambda a, d: a * 0,
    "ones": lambda a, d: a * 0 + 1,
    "transposed": lambda a, d: a.T,
    "reshaped, not transposed": lambda a, d: a.T.reshape(a.shape),
    "summed over axis 0 too": lambda a, d: a.sum(0),
    "summed over axis 1 too": lambda a, d: a.sum(1, keepdims=True) + 0 * a,
    "averaged over axis 0 too": lambda a, d: a.mean(0),
    "summed over all axes": lambda a, d: a.sum(),
    "not summed over axis 0": lambda a, d: np.stack([a / 4, a / 2, a / 4]),
    "extra axis": lambda a, d: a[:, None],
    "off by one": lambda a, d: np.roll(a, 1, 0),
    "reversed": lambda a, d: a[::-1],
    "cumulated": lambda a, d: a.cumsum(0),
    "absolute value": lambda a, d: np.abs(a),
    "squared": lambda a, d: a**2,
    "offset by 1": lambda a, d: a + 1,
    "not finite": lambda a, d: np.where(a == a.max(), np.inf, a),
}


@pytest.mark.parametrize("cause", PLANTED)
@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_a_planted_mistake_is_named(cause, seed):
    right = arrays(seed)
    mine = [PLANTED[cause](a, d) for a, d in zip(right, DIMS)]
    assert explain_gradient(mine, right, dims=DIMS).cause == cause


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_what_is_right_is_right_and_noise_has_no_name(seed):
    right, noise = arrays(seed), arrays(seed + 1)
    assert explain_gradient(right, right, dims=DIMS).cause == "right"
    assert explain_gradient(noise, right, dims=DIMS).cause == "unnamed"


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, cause=st.sampled_from(["factor N", "sign", "transposed", "off by one"]))
def test_a_cause_that_fits_all_inputs_but_one_is_not_named(seed, cause):
    right = arrays(seed)
    mine = [PLANTED[cause](a, d) for a, d in zip(right, DIMS)]
    mine[-1] = arrays(seed + 1)[-1]
    assert explain_gradient(mine, right, dims=DIMS).cause in ("unnamed", "shape")


def test_two_mistakes_at_once_are_not_given_the_name_of_one():
    right = arrays(0)
    mine = [a.T.reshape(a.shape) / d["N"] for a, d in zip(right, DIMS)]
    assert explain_gradient(mine, right, dims=DIMS).cause == "unnamed"


def test_what_a_forgotten_input_gives():
    rng = np.random.default_rng(0)
    inputs = [{"dy": rng.normal(size=n), "x": rng.normal(size=n), "mask": rng.random(n) < 0.5} for n in (7, 11, 13)]

    def truth(i):
        return i["dy"] * np.cos(i["x"]) * i["mask"]

    def cause(change):
        mine = [truth({**i, **change(i)}) for i in inputs]
        return explain_gradient(mine, [truth(i) for i in inputs], inputs=inputs, truth=truth).cause

    assert cause(lambda i: {"dy": np.ones_like(i["dy"])}) == "upstream ignored"
    assert cause(lambda i: {"mask": np.ones_like(i["mask"])}) == "mask forgotten"
    assert cause(lambda i: {"mask": ~i["mask"]}) == "mask inverted"
    assert cause(lambda i: {"x": i["dy"], "dy": i["x"]}) == "dy and x exchanged"
    assert cause(lambda i: {"x": i["x"] + 0.1}) == "unnamed"


def test_a_factor_of_a_formula_that_is_missing_or_in_the_place_of_another():
    rng = np.random.default_rng(0)
    trials = [dict(zip("dzn", rng.normal(size=(3, 5, n)))) for n in (2, 5, 7)]

    def cause(mine):
        return explain(
            [Trial(mine(i), i["d"] * i["z"], quantities={"z": i["z"], "n": i["n"], "b": i["z"][0]}) for i in trials]
        ).cause

    assert cause(lambda i: i["d"]) == "factor missing: z"
    assert cause(lambda i: i["d"] * i["z"] * i["n"]) == "factor too many: n"
    assert cause(lambda i: i["d"] * i["n"]) == "n for z"
    assert cause(lambda i: i["d"] + i["n"]) == "unnamed"


def test_a_square_matrix_used_the_other_way_round():
    rng = np.random.default_rng(0)
    inputs = [{"x": rng.normal(size=(3, n)), "weight": rng.normal(size=(n, n))} for n in (2, 5, 7)]
    right = [i["x"] @ i["weight"].T for i in inputs]
    mine = [i["x"] @ i["weight"] for i in inputs]
    found = explain_gradient(mine, right, inputs=inputs, truth=lambda i: i["x"] @ i["weight"].T)
    assert found.cause == "weight transposed"


def test_one_array_alone_and_names_for_sizes():
    right = np.random.default_rng(0).normal(size=(3, 7))
    found = explain_gradient(5 * right, right, dims={"N": 5, "I": 7, "O": 3}, name="dweight")
    assert found.cause == "factor N"
    assert "dweight is 5 times the right one" in found.message
    assert explain_gradient(right.astype(np.float32).astype(float), right * (1 + 1e-5)).cause != "right"


def test_right_to_seven_digits_is_a_matter_of_precision_and_no_factor():
    right = np.random.default_rng(0).normal(size=(3, 7))
    assert explain([Trial(right * (1 + 1e-7), right)]).cause == "precision"
    assert explain([Trial(right.astype(np.float32), right)]).cause == "precision"


def test_a_mistake_without_effect_here_is_no_explanation_of_lost_digits():
    right = np.random.default_rng(0).normal(size=(3, 7))
    slip = Slip("harmless here", "...", lambda inputs: {"gradient": right})
    assert explain([Trial(right * (1 + 1e-7), right, slips=(slip,))]).cause == "precision"


def test_where_numbers_differ_is_said():
    rng = np.random.default_rng(1)
    x, right = rng.normal(size=(2, 5, 7))
    inputs = {"x": x}
    negative = np.where(x < 0, right + 0.3 * rng.normal(size=right.shape), right)
    assert "exactly those where x is negative" in explain_gradient(negative, right, inputs=inputs).message
    first = right.copy()
    first[0] += rng.normal(size=7)
    assert "the first of 5 along axis 0" in explain_gradient(first, right).message
    found = explain_gradient(first, right)
    assert found.rows[0] == ("index", "yours", "right", "yours / right")
    assert found.rows[1][0] == "(0, 0)"
    assert len(found.rows) == 6
    diagonal = np.eye(5) * rng.normal(size=5)
    square = rng.normal(size=(5, 5))
    assert "diagonal" in explain_gradient(square + diagonal, square).message


def test_a_shape_that_nothing_explains():
    right = arrays(0)
    mine = [np.zeros(17) + 1.5 for _ in right]
    found = explain_gradient(mine, right, dims=DIMS)
    assert found.cause == "shape"
    assert "(17,)" in found.message
    assert "(O, I)" in found.message


def test_accumulation():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 3, 5))
    others = {"dweight": first, "dweight after a second pass": first + second}

    def cause(mine):
        trial = Trial(mine, first + second, "dweight after a second pass", others=others)
        return explain([trial]).cause

    assert cause(second) == "overwritten"
    assert cause(first) == "not added"
    assert cause(first + 2 * second) == "added twice"


def test_bad_calls():
    with pytest.raises(ValueError, match="got 2 arrays and 1"):
        explain_gradient([np.ones(2), np.ones(2)], [np.ones(2)])
    assert explain_gradient(np.array(["a", "b"]), np.ones(2)).cause == "not numbers"
    assert explain_gradient(np.ones((0, 3)), np.ones((0, 3))).cause == "right"


def test_numbers_among_the_inputs():
    rng = np.random.default_rng(0)
    inputs = [{"x": rng.normal(size=n), "eps": 0.2, "share": 0.3} for n in (7, 11, 13)]

    def truth(i):
        return i["share"] * np.tanh(i["x"]) / np.sqrt(i["x"] ** 2 + i["eps"]) + (1 - i["share"]) * i["x"]

    def explanation(change):
        mine = [truth({**i, **change}) for i in inputs]
        return explain_gradient(mine, [truth(i) for i in inputs], inputs=inputs, truth=truth)

    assert explanation({"eps": 0.0}).cause == "input ignored: eps"
    assert explanation({"share": 0.7}).cause == "1 - share for share"
    assert explanation({"share": 0.2, "eps": 0.3}).cause == "eps and share exchanged"
    unnamed = explanation({"eps": 0.11})
    assert unnamed.cause == "unnamed"
    assert unnamed.message.endswith("Here eps = 0.2, share = 0.3."), "an entry can be worked out by hand"


@pytest.mark.parametrize("border", [1, 2])
def test_a_border_that_was_not_cut_off(border):
    rng = np.random.default_rng(0)
    right = [rng.normal(size=size) for size in [(2, 5, 7), (3, 11, 5)]]
    mine = [np.pad(a, ((0, 0), (border, border), (border, border)), mode="reflect") for a in right]
    found = explain_gradient(mine, right)
    assert found.cause == "not cropped"
    assert f"({', '.join(map(str, right[0].shape))}) is expected" in found.message
    wrong = [np.roll(a, 1, 1) for a in mine]
    assert explain_gradient(wrong, right).cause == "shape"


def test_a_shift_with_one_standing_twice():
    right = np.random.default_rng(0).normal(size=(7, 3))
    late = np.concatenate([right[:1], right[:-1]])
    assert explain_gradient(late, right).cause == "off by one"


@pytest.mark.parametrize(
    ("rows", "which"),
    [
        (slice(1), "only the first"),
        (slice(-1, None), "only the last"),
        (slice(1, None), "all but the first"),
        (slice(-1), "all but the last"),
    ],
)
def test_a_loop_that_leaves_something_out(rows, which):
    rng = np.random.default_rng(0)
    inputs = [{"x": rng.normal(size=(n, 3)), "w": rng.normal(size=(n, 2))} for n in (5, 7, 11)]

    def truth(i):
        return i["x"].T @ i["w"]

    mine = [truth({"x": i["x"][rows], "w": i["w"][rows]}) for i in inputs]
    found = explain_gradient(mine, [truth(i) for i in inputs], inputs=inputs, truth=truth)
    assert found.cause == f"{which} along axis 0 of x"


def test_right_places_with_wrong_values():
    rng = np.random.default_rng(0)
    right = rng.normal(size=(5, 7)) * (rng.random((5, 7)) < 0.3)
    found = explain_gradient(right * rng.normal(size=right.shape), right)
    assert "the places are right" in found.message


def test_axes_are_named_only_if_there_is_no_doubt():
    right = np.zeros((3, 5))
    assert "(N, C)" in explain_gradient(np.ones(17), right, dims={"N": 3, "C": 5}).message
    assert "(N, " not in explain_gradient(np.ones(17), right, dims={"N": 3, "C": 5, "K": 3}).message


def test_inputs_used_otherwise():
    rng = np.random.default_rng(0)
    inputs = [{"dy": rng.normal(size=(n, 3, 2)), "x": rng.normal(size=(n, 3, 2)), "lr": 0.3} for n in (5, 7, 11)]

    def truth(i):
        return np.cumsum(i["dy"] * np.exp(i["x"]), axis=0) + i["lr"] * np.sin(3 * i["x"]) + i["x"] ** 3

    def cause(change):
        mine = [truth({**i, **change(i)}) for i in inputs]
        return explain_gradient(mine, [truth(i) for i in inputs], inputs=inputs, truth=truth).cause

    assert cause(lambda i: {"x": -i["x"]}) == "x with the wrong sign"
    assert cause(lambda i: {"dy": i["dy"] ** 2}) == "dy squared"
    assert cause(lambda i: {"lr": 1 / i["lr"]}) == "lr inverted"
    assert cause(lambda i: {"x": i["dy"]}) == "dy in the place of x"
    assert cause(lambda i: {"dy": i["dy"][:, ::-1]}) == "dy reversed along axis 1"
    right = [truth(i) for i in inputs]
    sums = [i["dy"].sum(axis=(0, 2)) for i in inputs]
    found = explain_gradient(sums, [a.sum(axis=(0, 1)) for a in right], inputs=inputs, name="dbias")
    assert found.cause == "dy summed over axes 0, 2"
    assert "dbias is dy summed over axes 0, 2" in found.message


def test_numbers_that_were_never_written():
    right = np.random.default_rng(0).normal(size=(5, 7))
    mine = np.where(np.arange(7) % 3 == 1, 0, right)
    assert "yours are still 0 there" in explain_gradient(mine, right).message


def test_right_numbers_in_another_shape():
    right = arrays(0, "NIO")
    found = explain_gradient([a.reshape(len(a), -1) for a in right], right)
    assert found.cause == "other shape"
    assert "reshape gradient to (5, 7, 3)" in found.message
