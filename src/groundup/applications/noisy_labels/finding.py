"""Find the wrong labels: confident learning (Northcutt, Jiang and Chuang 2021, section 3).

Every example gets probabilities from a model that has not seen it (cross-validation): otherwise a model that has learnt
a wrong label by heart would agree with it. For each class j a threshold says what "confident" means,

    t_j = mean of p_j over the examples that are labelled j,

and an example counts as truly j if p_j ≥ t_j (the likeliest such j, if several). If that is not its label, its label is
suspected.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict


def out_of_fold(x: np.ndarray, labels: np.ndarray, seed: int, folds: int = 5) -> np.ndarray:
    """Return probabilities (N, K), each from a logistic regression that was trained on the other folds."""
    model = LogisticRegression(C=0.1, max_iter=1000)
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return np.asarray(cross_val_predict(model, x, labels, cv=parts, method="predict_proba"))


def suspects(p: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return a mask (N,): True where another class than the label is confidently the truth; from p (N, K)."""
    thresholds = np.array([p[labels == j, j].mean() for j in range(p.shape[1])])
    confident = np.where(p >= thresholds, p, -1.0)
    truth = np.where(confident.max(axis=1) >= 0, confident.argmax(axis=1), labels)
    return truth != labels


def doubt(p: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return how suspicious each label is, (N,): one minus its probability. To look at the worst first."""
    return 1 - p[np.arange(len(labels)), labels]
