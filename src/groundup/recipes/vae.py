"""A variational autoencoder on handwritten digits: it draws digits that nobody has written."""

from typing import ClassVar, cast

import numpy as np

from groundup import scratch
from groundup.recipes.autoencoder import AutoencoderRecipe, above_and_below, sigmoid
from groundup.recipes.exhibits import Gallery
from groundup.recipes.recipe import Array, Examples, Result, Settings
from groundup.scratch.models import ELBO, VAE


class VAERecipe(AutoencoderRecipe):
    name = "vae"
    about = "variational autoencoder: learns to draw new digits from random numbers"
    settings: ClassVar = {"digits": Settings(epochs=60, batch_size=32, lr=0.003), "mnist": Settings(6, 128, 0.002)}

    def model(self, examples: Examples, rng: np.random.Generator) -> VAE:
        features = examples.train[1].shape[1]
        return VAE(features, 400, 20, rng=rng) if features > 100 else VAE(features, 128, 8, rng=rng)

    def loss(self) -> scratch.Loss:
        return ELBO()

    def test(self, model: scratch.Layer, examples: Examples, rng: np.random.Generator) -> Result:
        vae = cast(VAE, model)
        x, pixels = examples.test
        elbo = ELBO()
        logits, mean, log_variance = scratch.predict(vae, x)
        loss = float(elbo(logits, mean, log_variance, pixels))
        shape = x.shape[2:]
        images = sigmoid(logits[:14]).reshape(-1, *shape)
        title = "Images of the test split, and below each one drawn from its code"
        return Result(
            {"loss": loss, "reconstruction": float(elbo.reconstruction), "divergence": float(elbo.divergence)},
            f"[bold]{loss:.1f}[/] nats an image on the test split (negative ELBO): {elbo.reconstruction:.1f} for the "
            f"pixels given the code, {elbo.divergence:.1f} for the code",
            [
                above_and_below("reconstructions", title, x[:14, 0], images),
                Gallery("samples", "New digits, drawn from random codes", vae.sample(35, rng).reshape(-1, *shape)),
                Gallery("walk", "On the way from one code to another", walk(vae, mean).reshape(-1, *shape)),
            ],
        )


def walk(vae: VAE, codes: Array, steps: int = 7) -> Array:
    """Return images (4 · steps, F) along straight lines between the first codes: from 1 to 2, from 3 to 4 ..."""
    share = np.linspace(0, 1, steps, dtype=codes.dtype)[:, None]  # (steps, 1)
    lines = [(1 - share) * codes[i] + share * codes[i + 1] for i in range(0, 8, 2)]
    return sigmoid(vae.eval().decode(np.concatenate(lines)))
