"""An autograd tape: each operation pulls its own gradient, and backward goes through them in a topological order."""

import numpy as np

from groundup.practice.exercise import AnswerError, Case, Exercise, Part, Slip, named, sizes
from groundup.practice.exercises.tape.solution import Value, unbroadcast

LEAVES = ("s", "x", "w", "b")  # s first: it stands right beside the loss


def multiply_case(rng, dtype):
    """A column times a row, each broadcast along the other."""
    n = sizes(rng, "NI")
    return Case({name: value.astype(dtype) for name, value in {
        "a": rng.normal(size=(n["N"], 1)), "b": rng.normal(size=n["I"]), "dy": rng.normal(size=(n["N"], n["I"])),
    }.items()}, n)  # fmt: skip


def matmul_case(rng, dtype):
    n = sizes(rng, "NIO")
    a, b = rng.normal(size=(n["N"], n["I"])), rng.normal(size=(n["I"], n["O"]))
    return Case({"a": a.astype(dtype), "b": b.astype(dtype), "dy": rng.normal(size=(n["N"], n["O"])).astype(dtype)}, n)


def sum_case(rng, dtype):
    n = sizes(rng, "NI")
    a = rng.normal(size=(n["N"], n["I"])).astype(dtype)
    return Case({"a": a, "dy": rng.normal(size=(n["N"], 1)).astype(dtype)}, n)


def sum_all_case(rng, dtype):
    case = sum_case(rng, dtype)
    return Case({"a": case.inputs["a"], "dy": case.inputs["dy"][:1]}, case.dims)


def element_case(rng, dtype):
    n = sizes(rng, "NI")
    a, dy = rng.normal(size=(2, n["N"], n["I"])).astype(dtype)
    return Case({"a": a, "dy": dy}, n)


def graph_case(rng, dtype):
    n = sizes(rng, "NIH")
    shapes = {"s": "11", "x": "NI", "w": "IH", "b": "H", "c": "NH", "c_again": "NH"}
    drawn = {name: rng.normal(size=[n.get(letter, 1) for letter in letters]) for name, letters in shapes.items()}
    drawn["w"] *= n["I"] ** -0.5
    return Case({name: value.astype(dtype) for name, value in drawn.items()}, n)


def operation(compute, *arguments):
    """Return the scene of an operation: its result, and what its pull makes of dy."""

    def scene(module, inputs):
        values = [module.Value(inputs[name]) for name in arguments]
        made = compute(*values)
        if not isinstance(made, module.Value):
            raise AnswerError(
                "not a Value",
                f"The result is {'nothing' if made is None else f'a {type(made).__name__}'}: return a Value, with its "
                "parents and its pull, as + does.",
            )
        if tuple(made.parents) != tuple(values) or made.pull is None:
            raise AnswerError(
                "parents forgotten",
                "The result does not know its parents, in the order of the operands, and its pull. Return "
                f"Value(y, ({'self, other' if len(arguments) == 2 else 'self,'}), pull).",
            )
        gradients = tuple(f"d{name}" for name in arguments)
        pulled = made.pull(inputs["dy"])
        if len(gradients) == 1 and isinstance(pulled, np.ndarray):
            raise AnswerError("not a tuple", "pull returns an array. It returns a tuple, also of one: (da,).")
        pulled = {gradients[0]: pulled[0]} if len(gradients) == 1 and pulled else named(pulled, gradients, "pull")
        return {"y": made.data, **pulled}

    return scene


def loss_of(leaves, c):
    """A computation in which values are used several times, at different distances from the end."""
    s, x, w, b = leaves
    u = x @ w + b
    h = u.tanh()
    q = u + h * h
    y = h * q
    z = y.relu() + y
    return (z * c).sum() + s


def use_backward(module, inputs):
    """Two losses of the same leaves: the gradients of both add up."""
    leaves = [module.Value(inputs[name]) for name in LEAVES]
    loss = loss_of(leaves, module.Value(inputs["c"]))
    loss.backward()
    outputs = {"loss": loss.data, **{f"d{name}": leaf.grad.copy() for name, leaf in zip(LEAVES, leaves)}}
    loss_of(leaves, module.Value(inputs["c_again"])).backward()
    return outputs | {f"d{name} after a second pass": leaf.grad for name, leaf in zip(LEAVES, leaves)}


def tape(value, known=None):
    """A topological order, last first; with ``known`` None a value is visited from each of its uses."""
    if known is not None and value in known:
        return []
    if known is not None:
        known.add(value)
    before = [found for parent in value.parents for found in reversed(tape(parent, known))]
    return [value, *reversed(before)]


def breadth_first(value, once=True):
    order = [value]
    for found in order:
        order += [parent for parent in dict.fromkeys(found.parents) if not (once and parent in order)]
    return order


def depth_first(value, turn=1):
    """Each value before its parents, each once, the first parent first, or with ``turn`` -1 the last."""
    order = []

    def visit(found):
        if found not in order:
            order.append(found)
            for parent in found.parents[::turn]:
                visit(parent)

    visit(value)
    return order


def from_a_stack(value, turn=1):
    """Each value when it comes from the top of a stack, put there once."""
    waiting, order = [value], []
    while waiting:
        order.append(waiting.pop())
        waiting += [p for p in dict.fromkeys(order[-1].parents[::turn]) if p not in waiting and p not in order]
    return order


def gradients(i, order_of, add=True, ones=False):
    """The gradients of the leaves if the values pull in another order, or something else than adding is done."""
    leaves = [Value(i[name]) for name in LEAVES]
    loss = loss_of(leaves, Value(i["c"]))
    loss.grad = np.ones_like(loss.data)
    for value in order_of(loss):
        dy = np.ones_like(value.grad) if ones else value.grad
        for parent, gradient in zip(value.parents, value.pull(dy) if value.parents else ()):
            parent.grad = parent.grad + gradient if add else gradient
    return {f"d{name}": leaf.grad for name, leaf in zip(LEAVES, leaves)}


def pull_of_each_use(value):
    """Recursion without a memory: a value pulls all that it has whenever another use arrives."""
    return [value, *(found for parent in value.parents for found in pull_of_each_use(parent))]


def order_slip(cause, message, order_of, **changes):
    return Slip(cause, message, lambda i: gradients(i, order_of, **changes))


def once(loss):
    return tape(loss, set())


WRONG_ORDER = (
    "A value pulled before its whole gradient was there: another value that was made from it came later. Write a value "
    "down only after all its parents, and go through that list from the end."
)
TWICE = (
    "A value that is used several times pulled several times, each time with all that it had: what came first is counted "
    "again. Each value pulls once."
)

EXERCISE = Exercise(
    title="An autograd tape",
    parts=(
        Part("__mul__", multiply_case, ("y", "da", "db"), run=operation(lambda a, b: a * b, "a", "b"), slips=(
            Slip("factors exchanged", "{name} is multiplied with the value's own data. What a factor's gradient is multiplied with "
                 "is the other factor.", lambda i: {
                     "da": unbroadcast(i["dy"] * i["a"], i["a"].shape), "db": unbroadcast(i["dy"] * i["b"], i["b"].shape)}),
            Slip("as a sum", "{name} is dy, summed to its shape, as for a sum: it is multiplied with the other factor.",
                 lambda i: {"da": unbroadcast(i["dy"], i["a"].shape), "db": unbroadcast(i["dy"], i["b"].shape)}),
        )),
        Part("__matmul__", matmul_case, ("y", "da", "db"), run=operation(lambda a, b: a @ b, "a", "b")),
        Part("sum", sum_case, ("y", "da"), run=operation(lambda a: a.sum(axis=1), "a"), slips=(
            Slip("not spread", "da has the shape of the sum. Each summand has the gradient dy: spread it to the shape of a.",
                 lambda i: {"da": i["dy"]}),
            Slip("spread as a mean", "dy is shared out among the summands. Each of them has all of it.",
                 lambda i: {"da": i["dy"] * np.ones_like(i["a"]) / i["a"].shape[1]}),
            Slip("all axes", "The axis that is asked for is not used: this is the sum over everything.",
                 lambda i: {"y": i["a"].sum(keepdims=True)}),
        )),
        Part("sum", sum_all_case, ("y of all", "da of all"), run=lambda module, inputs: {
            f"{name} of all": value for name, value in operation(lambda a: a.sum(), "a")(module, inputs).items()}, slips=(
            Slip("not spread", "da has the shape of the sum. Each summand has the gradient dy: spread it to the shape of a.",
                 lambda i: {"da of all": i["dy"]}),
        )),
        Part("relu", element_case, ("y", "da"), run=operation(lambda a: a.relu(), "a"), slips=(
            Slip("gate of dy", "The gate looks at the sign of dy. It is open where a is positive.",
                 lambda i: {"da": np.maximum(i["dy"], 0)}),
            Slip("gate forgotten", "dy comes back everywhere: where a is negative, nothing does.", lambda i: {"da": i["dy"]}),
            Slip("times the output", "dy is multiplied with the result. The slope is 1 or 0.",
                 lambda i: {"da": i["dy"] * np.maximum(i["a"], 0)}),
        )),
        Part("tanh", element_case, ("y", "da"), run=operation(lambda a: a.tanh(), "a"), slips=(
            Slip("derivative at the input", "The slope is taken as 1 - a². It is 1 - y², with the result y = tanh(a).",
                 lambda i: {"da": i["dy"] * (1 - i["a"] ** 2)}),
            Slip("square forgotten", "The slope of tanh is 1 - y², with the square.",
                 lambda i: {"da": i["dy"] * (1 - np.tanh(i["a"]))}),
            Slip("derivative at the output", "tanh is taken once more: the slope is 1 - y² with y = tanh(a).",
                 lambda i: {"da": i["dy"] * (1 - np.tanh(np.tanh(i["a"])) ** 2)}),
            Slip("slope forgotten", "dy comes back as it is: multiply with the slope, 1 - y².", lambda i: {"da": i["dy"]}),
        )),
        Part("backward", graph_case, ("loss", *(f"d{name}" for name in LEAVES), *(f"d{name} after a second pass" for name in LEAVES)),
             run=use_backward, slips=(
            Slip("not started", "Nothing has come back to a value that the result is the sum of: self.grad is not set to 1, or "
                 "no value pulls.", lambda i: {"ds": np.zeros((1, 1))}),
            Slip("overwritten", "{name} is that of the second loss alone: what the first backward had left is gone. backward "
                 "adds to grad, and clears nothing.", lambda i: {
                     f"{name} after a second pass": g for name, g in gradients({**i, "c": i["c_again"]}, once).items()}),
            order_slip("overwritten", "{name} is not the sum over all uses: a value that is used twice has kept the gradient of "
                       "one use alone. Add (+=).", once, add=False),
            order_slip("only the result pulls", "Nothing has come further than to the parents of the result. Either no other value "
                       "pulls, or they pull from the first to the last: then their own gradients are not there yet. Begin at the "
                       "result.", lambda loss: [loss]),
            order_slip("upstream ignored", "Every value pulls back ones: by the chain rule, it pulls back its own gradient, "
                       "value.grad.", once, ones=True),
            order_slip("visited twice", TWICE, tape),
            order_slip("visited twice", TWICE, pull_of_each_use),
            order_slip("visited twice", TWICE, lambda loss: breadth_first(loss, once=False)),
            order_slip("wrong order", WRONG_ORDER, breadth_first),
            *(order_slip("wrong order", WRONG_ORDER, lambda loss, turn=turn: depth_first(loss, turn)) for turn in (1, -1)),
            *(order_slip("wrong order", WRONG_ORDER, lambda loss, turn=turn: from_a_stack(loss, turn)) for turn in (1, -1)),
        )),
    ),
    hints=(
        "Every operation is three lines as in __add__: y, pull, and Value(y, parents, pull). Inside pull, y and self.data can be "
        "read.",
        "For the order write a function visit(value) inside backward: if it was seen, return; note that it is seen; visit all its "
        "parents; then append it to a list.",
        "self.grad = np.ones_like(self.data). Then for value in reversed(order), if it has parents: zip(value.parents, "
        "value.pull(value.grad)), and parent.grad += gradient.",
    ),
)  # fmt: skip
