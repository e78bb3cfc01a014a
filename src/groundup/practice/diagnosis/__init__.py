"""From wrong numbers to the mistake behind them.

>>> import numpy as np
>>> from groundup.practice.diagnosis import explain_gradient
>>> rng = np.random.default_rng(0)
>>> right = rng.normal(size=(3, 7))
>>> explain_gradient(5 * right, right, dims={"N": 5, "I": 7, "O": 3}).cause
'factor N'

``hypotheses`` holds the mistakes, each as a prediction: what would someone who makes it have computed?
``factors`` holds those that multiply, ``inputs`` the inputs that someone may have used instead of the right ones.
``explain`` names a mistake only if its prediction is the learner's numbers, on every input. ``pattern`` says where and
how the numbers differ when no mistake fits.
"""

from groundup.practice.diagnosis.explain import Explanation, explain_gradient

__all__ = ["Explanation", "explain_gradient"]
