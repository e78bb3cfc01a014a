"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SLOPE = "slope = 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * c * (1 + 3 * 0.044715 * x**2)"
WRONG = (
    Wrong("a leaky ReLU", "leaky", (("np.maximum(x, 0)", "np.maximum(x, 0.01 * x)"),)),
    Wrong("keeps the negative", "min instead of max", (("np.maximum(x, 0)", "np.minimum(x, 0)"),)),
    Wrong("absolute value", "absolute value", (("np.maximum(x, 0)", "abs(np.maximum(x, 0)) + abs(np.minimum(x, 0))"),)),
    Wrong("changes x", "changes x", (("return np.maximum(x, 0)", "x[x < 0] = 0\n    return x.copy()"),)),
    Wrong("upstream ignored", "upstream ignored", (("return dy * (x > 0)", "return (x > 0).astype(dy.dtype)"),)),
    Wrong("gate of dy", "mask of dy", (("dy * (x > 0)", "dy * (dy > 0)"),)),
    Wrong("times the output", "times x", (("dy * (x > 0)", "dy * np.maximum(x, 0)"),)),
    Wrong("gate inverted", "gate inverted", (("dy * (x > 0)", "dy * (x < 0)"),)),
    Wrong("x squared", "exponent", (("u = np.sqrt(2 / np.pi).astype(x.dtype) * (x + 0.044715 * x**3)", "u = np.sqrt(2 / np.pi).astype(x.dtype) * (x + 0.044715 * x**2)"),)),
    Wrong("no root", "constant", (("u = np.sqrt(2 / np.pi).astype(x.dtype)", "u = (2 / np.pi)"),)),
    Wrong("half forgotten", "factor 2", (("return 0.5 * x * (1", "return x * (1"),)),
    Wrong("second term forgotten", "term missing", ((SLOPE, "slope = 0.5 * (1 + t)"),)),
    Wrong("inner derivative forgotten", "inner derivative missing", ((SLOPE, "slope = 0.5 * (1 + t) + 0.5 * x * (1 - t**2)"),)),
    Wrong("at the output", "derivative at the output", (("t = np.tanh(c * (x + 0.044715 * x**3))", "x = gelu_forward(x)\n    t = np.tanh(c * (x + 0.044715 * x**3))"),)),
)  # fmt: skip

RIGHT = (
    Right("np.where", (("np.maximum(x, 0)", "np.where(x > 0, x, 0)"), ("dy * (x > 0)", "np.where(x > 0, dy, 0)"))),
    Right("x * (x > 0)", (("np.maximum(x, 0)", "x * (x > 0)"),)),
    Right("written as a sigmoid", (("return 0.5 * x * (1 + np.tanh(u))", "return x / (1 + np.exp(-2 * u))"),)),
    Right("a copy set to zero", (("return dy * (x > 0)", "dx = dy.copy()\n    dx[x <= 0] = 0\n    return dx"),)),
)
