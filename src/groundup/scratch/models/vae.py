"""The variational autoencoder: an autoencoder whose code is a distribution, so that new images can be drawn from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer, Sequential
from groundup.scratch.layers import Flatten, Linear, ReLU
from groundup.scratch.layers.activations import sigmoid_forward
from groundup.scratch.losses import BCEWithLogits, Loss
from groundup.scratch.losses.loss import check_pair, reduce, spread

Array = np.ndarray


def reparameterize_forward(mean: Array, log_variance: Array, noise: Array) -> tuple[Array, Any]:
    """Draw ``z`` from ``N(μ, σ²)`` in a way that has a gradient: ``z = μ + σ ε`` with ``ε`` from ``N(0, 1)``.

    A draw from ``N(μ, σ²)`` itself could not be differentiated. Here chance enters through ε, which depends on
    nothing; given ε, z is a plain function of μ and σ.

    Gradient: with ``σ = exp(½ log σ²)``, ``∂z/∂μ = 1`` and ``∂z/∂(log σ²) = ½ σ ε``.

    Parameters
    ----------
    mean : μ (N, Z)
    log_variance : log σ² (N, Z); any real number, where σ² itself would have to be kept positive.
    noise : ε (N, Z)

    Returns
    -------
    z : (N, Z)
    cache : what :func:`reparameterize_backward` needs.

    Source: Kingma and Welling 2014, "Auto-encoding variational Bayes", section 2.4.
    """
    deviation = np.exp(0.5 * log_variance) * noise  # σ ε
    return mean + deviation, deviation


def reparameterize_backward(dz: Array, cache: Any) -> tuple[Array, Array]:
    """Return ``dmean`` and ``dlog_variance``, both (N, Z); see :func:`reparameterize_forward`."""
    deviation = cache
    return dz, 0.5 * dz * deviation


class Reparameterize(Layer):
    """Draw from normal distributions such that their parameters can be learnt; see :func:`reparameterize_forward`.

    It draws in evaluation too: the noise is part of the model, not a means of training it.

    Parameters
    ----------
    rng : source of the noise.

    Raises
    ------
    TypeError : an input is not an array of floats.
    ValueError : mean and log-variance differ in shape.
    """

    def __init__(self, *, rng: np.random.Generator) -> None:
        self.rng = rng

    def forward(self, mean: Array, log_variance: Array) -> Array:
        check_float("mean", mean)
        check_float("log_variance", log_variance)
        check_shape("log_variance", log_variance, mean.shape, "one for each mean")
        noise = self.rng.standard_normal(mean.shape, np.float32).astype(mean.dtype, copy=False)
        z, cache = reparameterize_forward(mean, log_variance, noise)
        self.remember(cache)
        return z

    def backward(self, dz: Array) -> tuple[Array, Array]:
        return reparameterize_backward(dz, self.recall())


def gaussian_kl_forward(mean: Array, log_variance: Array, reduction: str = "mean") -> tuple[Any, Any]:
    """Measure how far each code is from the prior: ``KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (μ² + σ² - 1 - log σ²)``, in nats.

    Derivation: the KL divergence is ``E[log q(z) - log p(z)]`` with ``log q = -½ (log 2π + log σ² + (z-μ)²/σ²)`` and
    ``log p = -½ (log 2π + z²)``. Under q, ``E[(z-μ)²] = σ²`` and ``E[z²] = μ² + σ²``; what is left is the formula. A
    diagonal Gaussian is a product, so the divergence is the sum over its Z dimensions.

    Gradient: ``∂/∂μ = μ`` and, as σ² is exp(log σ²), ``∂/∂(log σ²) = ½ (σ² - 1)``: both pull towards N(0, 1).

    Parameters
    ----------
    mean, log_variance : μ and log σ², (N, Z).
    reduction : "mean" over the N examples, "sum" over them, or "none"; always the sum over Z.

    Returns
    -------
    loss : scalar, or (N,) for "none".
    cache : what :func:`gaussian_kl_backward` needs.

    Source: Kingma and Welling 2014, "Auto-encoding variational Bayes", appendix B.
    """
    # e^v - 1 - v, where v is log σ²: expm1 keeps the digits that e^v - 1 would lose near v = 0.
    excess = np.expm1(log_variance)
    losses = 0.5 * (mean * mean + excess - log_variance).sum(axis=1)  # (N,)
    return reduce(losses, reduction), (mean, excess, reduction)


def gaussian_kl_backward(dloss: Any, cache: Any) -> tuple[Array, Array]:
    """Return ``dmean`` and ``dlog_variance``, both (N, Z); see :func:`gaussian_kl_forward`."""
    mean, excess, reduction = cache
    dlosses = spread(dloss, mean.shape[:1], reduction, mean.dtype)[:, None]  # (N, 1)
    return dlosses * mean, 0.5 * dlosses * excess


class GaussianKL(Loss):
    """The divergence of diagonal Gaussians from N(0, 1), in nats; see :func:`gaussian_kl_forward`.

    Raises
    ------
    TypeError : an input is not an array of floats.
    ValueError : the shapes differ, or are not (N, Z).
    """

    def forward(self, mean: Array, log_variance: Array) -> Any:
        check_shape("mean", mean, ("N", "Z"), "one row of means for each example")
        check_float("mean", mean)
        check_float("log_variance", log_variance)
        check_shape("log_variance", log_variance, mean.shape, "one for each mean")
        loss, cache = gaussian_kl_forward(mean, log_variance, self.reduction)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> tuple[Array, Array]:
        return gaussian_kl_backward(dloss, self.recall())


class ELBO(Loss):
    """The negative evidence lower bound, in nats an image: the cost of the image given its code, plus that of the code.

    ``ℓ = -Σ log p(x|z) + KL(q(z|x) ‖ N(0, 1))``, the first sum over the pixels, each a yes with probability
    ``sigmoid(logit)``. ``-ℓ`` is at most ``log p(x)``: the smaller ℓ, the likelier the model finds the image.

    Gradient: a sum, so that of each term; the logits are only in the first, mean and log-variance (here) only in the
    second.

    Parameters
    ----------
    reduction : "mean" over the N examples, or "sum".

    Attributes
    ----------
    reconstruction, divergence : the two terms of the last forward, reduced alike.

    Raises
    ------
    TypeError, ValueError : see :class:`groundup.scratch.BCEWithLogits` and :class:`GaussianKL`.

    Notes
    -----
    Source: Kingma and Welling 2014, "Auto-encoding variational Bayes", equations (7) and (10), with one draw of z for
    each image, and appendix C.1 (Bernoulli decoder). Grey pixels, from 0 to 1, are taken for probabilities.
    """

    reductions = ("mean", "sum")

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.bce = BCEWithLogits("sum")
        self.kl = GaussianKL("sum")
        self.reconstruction = self.divergence = 0.0

    def forward(self, logits: Array, mean: Array, log_variance: Array, target: Array) -> Any:
        check_pair(logits, target, "logits")
        share = 1 / len(logits) if self.reduction == "mean" and len(logits) else 1.0
        self.reconstruction = self.bce(logits, target) * share
        self.divergence = self.kl(mean, log_variance) * share
        self.remember(share)
        return self.reconstruction + self.divergence

    def backward(self, dloss: Any = 1.0) -> tuple[Array, Array, Array]:
        share = self.recall()
        return self.bce.backward(dloss * share), *self.kl.backward(dloss * share)


class VAE(Layer):
    """Return for each image the logits (N, F) of its pixels, and the mean and log-variance (N, Z) of its code.

    The encoder gives a distribution over codes, N(μ, σ²); one code is drawn from it, and the decoder draws the image.
    Trained with :class:`ELBO`, the codes of all images together fill N(0, 1), and a code drawn from there decodes to
    a new image. The paper's size for MNIST has 652,824 weights.

    Parameters
    ----------
    features : F, pixels of an image.
    hidden : width of the hidden layers.
    latent : Z, numbers in the code.
    rng : source of the initial weights and of the noise.
    dtype : of the parameters.

    Notes
    -----
    Source: Kingma and Welling 2014, "Auto-encoding variational Bayes", section 5 and appendix C. Deviation: ReLU for
    tanh.
    """

    def __init__(
        self,
        features: int = 784,
        hidden: int = 400,
        latent: int = 20,
        *,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        self.latent = latent
        self.encoder = Sequential(Flatten(), Linear(features, hidden, rng=rng, dtype=dtype), ReLU())
        self.mean: Layer = Linear(hidden, latent, rng=rng, dtype=dtype)
        self.log_variance: Layer = Linear(hidden, latent, rng=rng, dtype=dtype)
        self.draw = Reparameterize(rng=rng)
        self.decoder = Sequential(
            Linear(latent, hidden, rng=rng, dtype=dtype),
            ReLU(),
            Linear(hidden, features, rng=rng, dtype=dtype),
        )

    def encode(self, x: Array) -> tuple[Array, Array]:
        """Return mean and log-variance (N, Z) of the codes of images."""
        hidden = self.encoder(x)
        return self.mean(hidden), self.log_variance(hidden)

    def decode(self, z: Array) -> Array:
        """Return the logits (N, F) of the pixels; their sigmoid is the image."""
        return self.decoder(z)

    def sample(self, count: int, rng: np.random.Generator) -> Array:
        """Return new images (count, F): the expected pixels, 0 to 1, for codes drawn from N(0, 1)."""
        was_training = self.training
        dtype = self.parameters()[0].data.dtype
        logits = self.eval().decode(rng.standard_normal((count, self.latent)).astype(dtype))
        self.train(was_training)
        return sigmoid_forward(logits)[0]

    def forward(self, x: Array) -> tuple[Array, Array, Array]:
        mean, log_variance = self.encode(x)
        return self.decode(self.draw(mean, log_variance)), mean, log_variance

    def backward(self, dlogits: Array, dmean: Array, dlog_variance: Array) -> Array | None:
        """Each of mean and log-variance acts in two ways, on the loss itself and on z: their gradients add up."""
        through_mean, through_variance = self.draw.backward(self.decoder.backward(dlogits))
        dhidden = self.mean.backward(dmean + through_mean)
        dhidden = dhidden + self.log_variance.backward(dlog_variance + through_variance)
        return self.encoder.backward(dhidden)

    def skip_input_gradient(self) -> None:
        self.encoder.skip_input_gradient()
