"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

MUL = "return unbroadcast(dy * other.data, self.data.shape), unbroadcast(dy * self.data, other.data.shape)"
TAPE = """        order, seen = [], set()

        def visit(value):
            if value in seen:
                return
            seen.add(value)
            for parent in value.parents:
                visit(parent)
            order.append(value)

        visit(self)
"""
BREADTH = """        order, seen = [self], {self}
        for value in order:
            for parent in value.parents:
                if parent not in seen:
                    seen.add(parent)
                    order.append(parent)
        order.reverse()
"""
DEPTH = TAPE.replace("            order.append(value)\n", "").replace(
    "seen.add(value)\n", "seen.add(value)\n            order.insert(0, value)\n"
)
RECURSIVE = """        def go(value, dy):
            value.grad += dy
            if value.parents:
                for parent, gradient in zip(value.parents, value.pull(dy)):
                    go(parent, gradient)

        go(self, np.ones_like(self.data))
"""
WALK = """        self.grad = np.ones_like(self.data)
        for value in reversed(order):
            if value.parents:
                for parent, gradient in zip(value.parents, value.pull(value.grad)):
                    parent.grad += gradient
"""
WRONG = (
    Wrong("the own factor", "factors exchanged", ((MUL, MUL.replace("dy * other.data", "dy * self.data", 1)),)),
    Wrong("not summed back", "not summed over axis 1", ((MUL, "return dy * other.data, dy * self.data"),)),
    Wrong("the second matrix's gradient transposed", "transposed", (("self.data.T @ dy", "dy.T @ self.data"),)),
    Wrong("the sum's gradient not spread", "not spread", (("(dy * np.ones_like(self.data),)", "(dy,)"),)),
    Wrong("the axis lost", "axis lost", (("self.data.sum(axis=axis, keepdims=True)", "self.data.sum(axis=axis)"),)),
    Wrong("the gate at dy", "gate of dy", (("(dy * (self.data > 0),)", "(np.maximum(dy, 0),)"),)),
    Wrong("the slope at the input", "derivative at the input", (("1 - y**2", "1 - self.data**2"),)),
    Wrong("no parents", "parents forgotten", (("y = np.tanh(self.data)", "return Value(np.tanh(self.data))"),)),
    Wrong("overwrites", "overwritten", (("parent.grad += gradient", "parent.grad = gradient"),)),
    Wrong("the nearest first", "wrong order", ((TAPE, BREADTH),)),
    Wrong("written down before the parents", "wrong order", ((TAPE, DEPTH),)),
    Wrong("visits again and again", "visited twice", (("            if value in seen:\n                return\n", ""),)),
    Wrong("from the first to the last", "only the result pulls", (("in reversed(order)", "in order"),)),
    Wrong("starts with nothing", "not started", (("        self.grad = np.ones_like(self.data)\n        for", "        for"),)),
    Wrong("clears all gradients first", "overwritten",
          (("        self.grad = np.ones_like(self.data)\n        for",
            "        for value in order:\n            value.grad = np.zeros_like(value.data)\n        self.grad = np.ones_like(self.data)\n        for"),)),
)  # fmt: skip

RIGHT = (
    Right("path by path", ((TAPE + WALK, RECURSIVE),)),
    Right("by counting uses", ((TAPE, """        uses, found = {}, [self]
        for value in found:
            for parent in value.parents:
                uses[parent] = uses.get(parent, 0) + 1
                if uses[parent] == 1:
                    found.append(parent)
        ready, order = [self], []
        while ready:
            value = ready.pop()
            order.insert(0, value)
            for parent in value.parents:
                uses[parent] -= 1
                if uses[parent] == 0:
                    ready.append(parent)
"""),)),
    Right("adds in new arrays", (("parent.grad += gradient", "parent.grad = parent.grad + gradient"),)),
    Right("spread by broadcasting", (("(dy * np.ones_like(self.data),)", "(np.broadcast_to(dy, self.data.shape),)"),)),
)  # fmt: skip
