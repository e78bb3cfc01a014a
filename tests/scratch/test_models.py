"""Models for images and vectors: shapes, weights counted by hand, gradients, twins in PyTorch, and that they learn."""

import numpy as np
import pytest
import torch
from torch import nn

from groundup import data, scratch
from groundup.compare.cases.models import BasicBlockTwin, VAETwin
from groundup.scratch import check_gradients, relative_error
from groundup.scratch.models import (
    ELBO,
    VAE,
    Autoencoder,
    BasicBlock,
    GaussianKL,
    Reparameterize,
    ResNet,
    lenet,
    logistic_regression,
    mlp,
    small_cnn,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


IMAGES = {
    "logistic": (lambda rng: logistic_regression(784, 10, rng=rng), (1, 28, 28), (10,)),
    "mlp": (lambda rng: mlp([784, 256, 128, 10], rng=rng), (1, 28, 28), (10,)),
    "lenet": (lambda rng: lenet(rng=rng), (1, 28, 28), (10,)),
    "small cnn": (lambda rng: small_cnn(rng=rng), (1, 8, 8), (10,)),
    "resnet": (lambda rng: ResNet(rng=rng), (3, 32, 32), (10,)),
    "resnet, odd": (lambda rng: ResNet(1, 7, (3, 5), blocks=2, rng=rng), (1, 11, 13), (7,)),
    "autoencoder": (lambda rng: Autoencoder([784, 64, 8], rng=rng), (1, 28, 28), (784,)),
}


@pytest.mark.parametrize("name", IMAGES)
def test_shapes_and_dtype(name, rng):
    build, image, output = IMAGES[name]
    model = build(rng)
    x = rng.random((3, *image), np.float32)
    y = model(x)
    assert y.shape == (3, *output)
    assert y.dtype == np.float32
    dx = model.backward(np.ones_like(y))
    assert dx.shape == x.shape
    assert dx.dtype == np.float32
    assert model.eval()(x).shape == y.shape


def test_parameters_are_those_counted_by_hand(rng):
    def count(model):
        return sum(p.size for p in model.parameters())

    assert count(logistic_regression(784, 10, rng=rng)) == 784 * 10 + 10
    assert count(mlp([784, 256, 128, 10], rng=rng)) == 785 * 256 + 257 * 128 + 129 * 10
    assert count(lenet(rng=rng)) == 6 * 26 + 16 * 151 + 401 * 120 + 121 * 84 + 85 * 10
    assert count(Autoencoder([784, 64, 8], rng=rng)) == 785 * 64 + 65 * 8 + 9 * 64 + 65 * 784
    assert count(VAE(rng=rng)) == 785 * 400 + 2 * 401 * 20 + 21 * 400 + 401 * 784 == 652_824
    stem, stage1 = 9 * 3 * 16 + 32, 2 * 9 * 16 * 16 + 64
    stage2 = 9 * 16 * 32 + 9 * 32 * 32 + 16 * 32 + 3 * 64
    stage3 = 9 * 32 * 64 + 9 * 64 * 64 + 32 * 64 + 3 * 128
    assert count(ResNet(rng=rng)) == stem + stage1 + stage2 + stage3 + 65 * 10 == 78_042


def test_blocks_make_a_resnet_deeper(rng):
    # 3 blocks a stage: the paper's ResNet-20 has 0.27 million weights (table 6); two projections come on top here.
    assert round(sum(p.size for p in ResNet(blocks=3, rng=rng).parameters()) / 1e6, 2) == 0.27


TINY = {
    "logistic": (lambda rng: logistic_regression(6, 3, rng=rng), (5, 1, 2, 3)),
    "mlp": (lambda rng: mlp([6, 5, 3], rng=rng), (5, 1, 2, 3)),
    "resnet": (lambda rng: ResNet(2, 3, (2, 3), rng=rng), (3, 2, 5, 4)),
    "autoencoder": (lambda rng: Autoencoder([6, 5, 2], rng=rng), (5, 1, 2, 3)),
    "vae": (lambda rng: VAE(6, 5, 2, rng=rng), (5, 1, 2, 3)),
}


@pytest.mark.parametrize("name", TINY)
def test_gradients(name, rng):
    build, shape = TINY[name]
    report = check_gradients(build(rng), rng.standard_normal(shape))
    assert report.passed, str(report)


class ResNetTwin(nn.Module):
    def __init__(self, in_channels, classes, widths, blocks):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        before = (widths[0], *widths)
        self.stages = nn.Sequential(
            *(
                nn.Sequential(
                    BasicBlockTwin(before[i], width, 2 if i else 1),
                    *(BasicBlockTwin(width, width) for _ in range(blocks - 1)),
                )
                for i, width in enumerate(widths)
            )
        )
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], classes))

    def forward(self, x):
        return self.head(self.stages(self.stem(x)))


def compare(model, twin, x, rng):
    """Copy the weights into the twin; require equal outputs, gradients and statistics."""
    model.astype(np.float64)
    twin.double().load_state_dict({name: torch.from_numpy(value) for name, value in model.state_dict().items()})
    t = torch.from_numpy(x).requires_grad_()
    ours, theirs = model(x), twin(t)
    ours, theirs = (y if isinstance(y, tuple) else (y,) for y in (ours, theirs))
    upstream = [rng.standard_normal(y.shape) for y in ours]
    dx = model.backward(*upstream)
    torch.autograd.backward(list(theirs), [torch.from_numpy(dy) for dy in upstream])
    for a, b in zip(ours, theirs, strict=True):
        assert relative_error(a, b.detach().numpy()) < 1e-10
    assert t.grad is not None
    assert relative_error(dx, t.grad.numpy()) < 1e-10
    gradients = dict(twin.named_parameters())
    assert [name for name, _ in model.named_parameters()] == list(gradients)
    for name, p in model.named_parameters():
        assert relative_error(p.grad, gradients[name].grad.numpy()) < 1e-10, name
    after = twin.state_dict()
    for name, value in model.named_buffers():
        assert relative_error(value, after[name].numpy()) < 1e-10, name


@pytest.mark.parametrize(("widths", "blocks"), [((16, 32, 64), 1), ((3, 5), 3)])
def test_resnet_equals_its_twin(widths, blocks, rng):
    model = ResNet(3, 7, widths, blocks, rng=rng)
    compare(model, ResNetTwin(3, 7, widths, blocks), rng.standard_normal((5, 3, 13, 11)), rng)
    x = rng.standard_normal((2, 3, 9, 9))
    twin = ResNetTwin(3, 7, widths, blocks).double()
    twin.load_state_dict({name: torch.from_numpy(value) for name, value in model.state_dict().items()})
    with torch.no_grad():
        assert relative_error(model.eval()(x), twin.eval()(torch.from_numpy(x)).numpy()) < 1e-10


def test_vae_equals_its_twin(rng):
    model = VAE(rng=rng)
    model.draw.rng = np.random.default_rng(5)  # the twin's noise
    compare(model, VAETwin(784, 400, 20), rng.random((7, 784)), rng)


def test_the_elbo_is_at_most_the_likelihood():
    """With one pixel and one number of code, log p(x) can be integrated on a grid: the bound must lie below it."""
    vae = VAE(1, 3, 1, rng=np.random.default_rng(3)).astype(np.float64)
    x = np.ones((1, 1))
    z = np.linspace(-9, 9, 20001)[:, None]
    prior = np.exp(-0.5 * z[:, 0] ** 2) / np.sqrt(2 * np.pi)
    likelihood = 1 / (1 + np.exp(-vae.eval().decode(z)[:, 0]))
    log_p = np.log((prior * likelihood).sum() * (z[1, 0] - z[0, 0]))
    many = np.repeat(x, 200_000, axis=0)
    bound = -ELBO()(*vae(many), many)
    assert bound < log_p
    assert bound > log_p - 1  # and not far below: these weights are small, and codes close to the prior


def test_kl_of_the_prior_is_zero_and_of_others_positive(rng):
    zero = np.zeros((3, 5))
    assert GaussianKL()(zero, zero) == 0
    assert (GaussianKL("none")(rng.standard_normal((7, 5)), rng.standard_normal((7, 5))) > 0).all()


def test_kl_keeps_its_digits_close_to_the_prior():
    tiny = np.full((1, 1), 1e-5)
    assert GaussianKL()(0 * tiny, tiny) == pytest.approx(1e-10 / 4 + 1e-15 / 12, rel=1e-5)


def test_kl_agrees_with_a_mean_over_draws():
    rng = np.random.default_rng(0)
    mean, log_variance = np.array([[0.7, -1.1]]), np.array([[0.4, -0.9]])
    z = mean + np.exp(0.5 * log_variance) * rng.standard_normal((400_000, 2))
    log_q = -0.5 * (log_variance + (z - mean) ** 2 / np.exp(log_variance))
    log_p = -0.5 * z**2
    assert GaussianKL()(mean, log_variance) == pytest.approx((log_q - log_p).sum(axis=1).mean(), rel=0.01)


def test_draws_have_the_mean_and_deviation_asked_for():
    layer = Reparameterize(rng=np.random.default_rng(0))
    z = layer(np.full((100_000, 1), 3.0), np.full((100_000, 1), np.log(4.0)))
    assert z.mean() == pytest.approx(3, abs=0.03)
    assert z.std() == pytest.approx(2, abs=0.03)


def test_samples_are_images(rng):
    vae = VAE(49, 20, 3, rng=rng)
    images = vae.sample(5, rng)
    assert images.shape == (5, 49)
    assert images.dtype == np.float32
    assert (images >= 0).all()
    assert (images <= 1).all()
    assert vae.training


CLASSIFIERS = {
    "logistic": lambda rng: logistic_regression(64, 10, rng=rng),
    "mlp": lambda rng: mlp([64, 32, 10], rng=rng),
    "small cnn": lambda rng: small_cnn(rng=rng),
    "resnet": lambda rng: ResNet(1, 10, (8, 16), rng=rng),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_overfits_a_batch(name, rng):
    digits = data.load("digits").train
    x, y = digits.x[:20], digits.y[:20]
    model, loss = CLASSIFIERS[name](rng), scratch.CrossEntropy()
    optimizer = scratch.Adam(model.parameters(), lr=0.03)
    for _ in range(100):
        loss(model(x), y)
        optimizer.zero_grad()
        model.backward(loss.backward())
        optimizer.step()
    assert loss(model(x), y) < 0.05
    assert (model(x).argmax(axis=1) == y).all()


@pytest.mark.parametrize("name", ["autoencoder", "vae"])
def test_an_autoencoder_overfits_a_batch(name, rng):
    x = np.round(data.load("digits").train.x[:5])  # black or white: then the least loss is 0
    pixels = x.reshape(5, 64)
    if name == "autoencoder":
        model, loss, goal = Autoencoder([64, 32, 8], rng=rng), scratch.BCEWithLogits(), 0.02
    else:
        model, loss, goal = VAE(64, 64, 4, rng=rng), ELBO(), 8.0  # to tell five images apart costs the code log 5 each
    optimizer = scratch.Adam(model.parameters(), lr=0.01)
    values = []
    for _ in range(400):
        outputs = model(x)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        values.append(loss(*outputs, pixels))
        gradients = loss.backward()
        optimizer.zero_grad()
        model.backward(*(gradients if isinstance(gradients, tuple) else (gradients,)))
        optimizer.step()
    assert values[-1] < goal < values[0]


def test_wrong_arguments_are_named(rng):
    with pytest.raises(ValueError, match="at least the pixels and the code"):
        Autoencoder([784], rng=rng)
    with pytest.raises(ValueError, match="stages of at least one block"):
        ResNet(blocks=0, rng=rng)
    with pytest.raises(ValueError, match="stages of at least one block"):
        ResNet(widths=(), rng=rng)
    with pytest.raises(ValueError, match=r"got shape \(2, 3\), expected \(2, 5\)"):
        Reparameterize(rng=rng)(np.zeros((2, 5)), np.zeros((2, 3)))
    with pytest.raises(TypeError, match="must hold floats"):
        Reparameterize(rng=rng)(np.zeros((2, 5), int), np.zeros((2, 5)))
    with pytest.raises(ValueError, match="one row of means"):
        GaussianKL()(np.zeros(5), np.zeros(5))
    with pytest.raises(ValueError, match="reduction must be"):
        ELBO("none")
    with pytest.raises(ValueError, match="target: got shape"):
        ELBO()(np.zeros((2, 5)), np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 1, 5)))


def test_skipping_the_input_gradient_changes_no_other(rng):
    x, dy = rng.standard_normal((2, 3, 7, 7)), rng.standard_normal((2, 5))
    whole, hinted = (ResNet(3, 5, (2, 3), rng=np.random.default_rng(1), dtype=np.float64) for _ in range(2))
    hinted.skip_input_gradient()
    for model in (whole, hinted):
        model(x)
        assert (model.backward(dy) is None) == (model is hinted)
    for a, b in zip(whole.parameters(), hinted.parameters()):
        np.testing.assert_array_equal(a.grad, b.grad)


def test_a_block_without_projection_hands_its_input_on(rng):
    block = BasicBlock(3, 3, rng=rng, dtype=np.float64)
    dict(block.named_parameters())["bn2.weight"].data[...] = 0  # the detour is silent
    x = np.abs(rng.standard_normal((2, 3, 5, 7)))
    np.testing.assert_array_equal(block(x), x)
