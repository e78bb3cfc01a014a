"""Whole networks, built from the layers of this package."""

from groundup.scratch.models.autoencoder import Autoencoder
from groundup.scratch.models.char_rnn import CharRNN
from groundup.scratch.models.gpt import GPT
from groundup.scratch.models.lenet import lenet, small_cnn
from groundup.scratch.models.logistic import logistic_regression
from groundup.scratch.models.mlp import mlp
from groundup.scratch.models.resnet import BasicBlock, ResNet
from groundup.scratch.models.vae import ELBO, VAE, GaussianKL, Reparameterize
from groundup.scratch.models.word2vec import SkipGram

__all__ = [
    "ELBO",
    "GPT",
    "VAE",
    "Autoencoder",
    "BasicBlock",
    "CharRNN",
    "GaussianKL",
    "Reparameterize",
    "ResNet",
    "SkipGram",
    "lenet",
    "logistic_regression",
    "mlp",
    "small_cnn",
]
