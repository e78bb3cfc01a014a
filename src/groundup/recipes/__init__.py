"""Recipes: how each model made by hand is trained on real data, and what it shows when it has learnt.

    groundup train-scratch lenet --data mnist

A recipe is a class in a file of this room (see ``recipe.py``), named in the table below. It says which data sets it
accepts, with which choices it trains on each, and what there is to look at in the end.
"""

from groundup.errors import unknown_name
from groundup.recipes.autoencoder import AutoencoderRecipe
from groundup.recipes.lenet import LeNet
from groundup.recipes.logistic import Logistic
from groundup.recipes.mlp import MLP
from groundup.recipes.recipe import Examples, Recipe, Result, Settings
from groundup.recipes.resnet import ResNetRecipe
from groundup.recipes.text import CharRecipe, GPTRecipe
from groundup.recipes.vae import VAERecipe
from groundup.recipes.word2vec import Word2Vec

__all__ = ["Examples", "Recipe", "Result", "Settings", "find", "recipes"]

_RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Logistic(),
        MLP(),
        LeNet(),
        ResNetRecipe(),
        AutoencoderRecipe(),
        VAERecipe(),
        CharRecipe("rnn", "plain recurrent network"),
        CharRecipe("lstm", "LSTM"),
        CharRecipe("gru", "GRU"),
        GPTRecipe(),
        Word2Vec(),
    )
}


def recipes() -> dict[str, Recipe]:
    """Return all recipes by name."""
    return dict(_RECIPES)


def find(name: str) -> Recipe:
    """Return a recipe by name.

    Raises
    ------
    UsageError : there is none of that name; the message suggests the nearest.
    """
    if name not in _RECIPES:
        raise unknown_name("model made by hand", name, _RECIPES)
    return _RECIPES[name]
