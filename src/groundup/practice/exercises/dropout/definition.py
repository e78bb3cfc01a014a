"""Dropout: one mask for both ways, and its scale in training alone."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, named, sizes

LAYER: tuple[str, ...] = ("y", "dx", "y of a second batch", "dx of a second batch", "y in evaluation")


def images(rng, dtype):
    n = sizes(rng, "NTD")
    n["D"] += 13  # enough numbers, so that some are dropped and some kept
    x = rng.normal(size=(n["N"], n["T"], n["D"])).astype(dtype)
    p = float(rng.choice([0.2, 0.3, 0.6, 0.7]))  # never 1/2, which is its own complement
    return Case({"x": x, "p": p, "seed": int(rng.integers(1000, 9999))}, n)


def with_mask(rng, dtype):
    case = images(rng, dtype)
    x, p = case.inputs["x"], case.inputs["p"]
    dy = rng.normal(size=x.shape).astype(dtype)
    return Case({"dy": dy, "mask": np.where(rng.random(x.shape) < p, 0, 1 / (1 - p)).astype(dtype)}, case.dims)


def two_batches(rng, dtype):
    case = images(rng, dtype)
    more = rng.normal(size=(3, *case.inputs["x"].shape)).astype(dtype)
    return Case({**case.inputs, "again": more[0], "dy": more[1], "dy again": more[2]}, case.dims)


def call_forward(module, inputs):
    rng = np.random.default_rng(inputs["seed"])
    return named(module.dropout_forward(inputs["x"], inputs["p"], rng), ("y", "mask"), "dropout_forward")


def use_layer(module, inputs):
    """Train on two batches, then evaluate."""
    layer = module.Dropout(inputs["p"], np.random.default_rng(inputs["seed"]))
    y = layer.forward(inputs["x"])
    dx = layer.backward(inputs["dy"])
    y_again = layer.forward(inputs["again"])
    dx_again = layer.backward(inputs["dy again"])
    layer.training = False
    return dict(zip(LAYER, (y, dx, y_again, dx_again, layer.forward(inputs["x"]))))


def draw(i, shape=None):
    return np.random.default_rng(i["seed"]).random(i["x"].shape if shape is None else shape)


def second_draw(i):
    rng = np.random.default_rng(i["seed"])
    rng.random(i["x"].shape)
    return np.where(rng.random(i["x"].shape) < i["p"], 0, 1 / (1 - i["p"]))


def forward_slip(cause, message, mask):
    """What a mask ``mask(i, p)`` would have made of x."""
    return Slip(cause, message, lambda i: {"y": i["x"] * mask(i, i["p"])})


def layer_slip(cause, message, again=None, back=None, evaluation=None, training=True):
    """The layer with one thing done differently; each of the functions gets the inputs and ``new()``, a new mask."""

    def compute(i):
        rng, p = np.random.default_rng(i["seed"]), i["p"]

        def new():
            return (rng.random(i["x"].shape) >= p) / (1 - p)

        def one_batch(x, dy, mask):
            return x * mask, dy * (mask if back is None else back(i, mask, new))

        first = new() if training else np.ones_like(i["x"])
        y, dx = one_batch(i["x"], i["dy"], first)
        second = first if again else new() if training else first
        y_again, dx_again = one_batch(i["again"], i["dy again"], second)
        y_evaluation = i["x"] * (1 if evaluation is None else evaluation(i, new))
        return dict(zip(LAYER, (y, dx, y_again, dx_again, y_evaluation)))

    return Slip(cause, message, compute)


ANOTHER = "This is dropout too, but with another draw. So that the numbers can be compared: rng.random(x.shape), dropped where below p."

EXERCISE = Exercise(
    title="Dropout",
    parts=(
        Part("dropout_forward", images, ("y", "mask"), run=call_forward, slips=(
            forward_slip("scale missing", "What is kept is not scaled: divide by 1 - p, or the next layer's sums shrink in training.",
                         lambda i, p: draw(i) >= p),
            forward_slip("scaled down", "What is kept is multiplied with 1 - p. It is divided by it: with fewer numbers, each must count more.",
                         lambda i, p: (draw(i) >= p) * (1 - p)),
            forward_slip("divided by p", "What is kept is divided by p, the probability of being dropped: divide by 1 - p, that of being kept.",
                         lambda i, p: (draw(i) >= p) / p),
            forward_slip("kept and dropped exchanged", "What should be dropped is kept, and the other way round: drop where the draw is below p.",
                         lambda i, p: (draw(i) < p) / (1 - p)),
            forward_slip("kept and dropped exchanged", "What should be dropped is kept, and the other way round, and the scale is missing.",
                         lambda i, p: draw(i) < p),
            forward_slip("p is what is kept", "p is taken as the probability of being kept. Here, as in PyTorch, it is that of being dropped.",
                         lambda i, p: (draw(i) < p) / p),
            forward_slip("one mask for all examples", "Each example has the same mask: draw a number for each place of x, with the shape of x.",
                         lambda i, p: (draw(i, i["x"].shape[1:]) >= p) / (1 - p)),
            forward_slip("one mask for all examples", "Each place has the same mask: draw a number for each place of x, with the shape of x.",
                         lambda i, p: (draw(i, i["x"].shape[-1:]) >= p) / (1 - p)),
            forward_slip("nothing dropped", "x is scaled, but nothing is dropped: multiply with the mask.", lambda i, p: 1 / (1 - p)),
            forward_slip("nothing dropped", "y is x itself: nothing is dropped. Multiply with the mask.", lambda i, p: 1),
            forward_slip("scale cut off", "The scale is made an integer: 1 / (1 - p) loses its decimals with astype(int). Use x.dtype.",
                         lambda i, p: (draw(i) >= p) * int(1 / (1 - p))),
            forward_slip("one draw for all", "One number decides for all of x: draw a number for each place, with the shape of x.",
                         lambda i, p: (draw(i, ()) >= p) / (1 - p)),
            forward_slip("another draw", ANOTHER, lambda i, p: (draw(i) < 1 - p) / (1 - p)),
            forward_slip("another draw", ANOTHER,
                         lambda i, p: np.random.default_rng(i["seed"]).binomial(1, 1 - p, size=i["x"].shape) / (1 - p)),
            Slip("mask not scaled", "y is right, but the mask holds only 0 and 1: give back what x was multiplied with, 0 and 1 / (1 - p), "
                 "or the gradient misses the scale.", lambda i: {"mask": draw(i) >= i["p"]}),
            Slip("mask drawn twice", "y is right, but the mask is another one, drawn a second time: draw once, and use it for both.",
                 lambda i: {"mask": second_draw(i)}),
            Slip("mask inverted", "y is right, but the mask is 1 where x was dropped: give back what x was multiplied with.",
                 lambda i: {"mask": draw(i) < i["p"]}),
        )),
        Part("dropout_backward", with_mask, ("dx",), slips=(
            Slip("scale missing in backward", "dx is dropped but not scaled: mask holds 1 / (1 - p) where x was kept, multiply with it.",
                 lambda i: {"dx": i["dy"] * (i["mask"] > 0)}),
        )),
        Part("Dropout", two_batches, LAYER, run=use_layer, slips=(
            layer_slip("new mask in backward", "The way back has another mask than the way forward: keep the mask of forward in self, and draw "
                       "none in backward.", back=lambda i, mask, new: new()),
            layer_slip("mask forgotten in backward", "The gradient passes where x was dropped too: multiply dy with the mask of forward.",
                       back=lambda i, mask, new: 1),
            layer_slip("scale missing in backward", "The gradient is dropped but not scaled: it goes through the same mask as x, 0 or 1 / (1 - p).",
                       back=lambda i, mask, new: mask > 0),
            layer_slip("one mask for all calls", "The second batch has the mask of the first: each forward in training draws a new one.", again=True),
            layer_slip("drops in evaluation", "In evaluation numbers are dropped too: y is x where self.training is False.",
                       evaluation=lambda i, new: new()),
            layer_slip("scaled in evaluation", "In evaluation y is scaled by 1 - p. The scale is in the training already: y is x.",
                       evaluation=lambda i, new: 1 - i["p"]),
            layer_slip("training and evaluation exchanged", "Nothing is dropped in training, where it should be.", training=False),
        )),
    ),
    hints=(
        "rng.random(x.shape) < p is an array of True (drop) and False (keep), and np.where(it, a, b) takes a where it is True, else b.",
        "With one mask of 0 and 1 / (1 - p), forward is x * mask and backward dy * mask.",
        "mask = np.where(rng.random(x.shape) < p, 0, 1 / (1 - p)).astype(x.dtype). In the layer: return x at once if not self.training; else keep "
        "the mask as self.mask.",
    ),
)  # fmt: skip
