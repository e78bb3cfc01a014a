"""Models and data so small that a whole run takes a fraction of a second, with everything in them that a checkpoint
must not forget: batch normalisation, dropout, a recurrent layer.
"""

from dataclasses import dataclass, replace

from torch import Tensor, nn

from groundup import data
from groundup.data import Dataset, Split, Text
from groundup.models import names, register


@dataclass(frozen=True)
class ToyImagesConfig:
    classes: int = 10
    in_channels: int = 1
    image_size: int = 8
    width: int = 16
    dropout: float = 0.2


@dataclass(frozen=True)
class ToyTextConfig:
    vocabulary: int = 65
    width: int = 16
    context: int = 8
    dropout: float = 0.2


class ToyText(nn.Module):
    def __init__(self, config: ToyTextConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocabulary, config.width)
        self.gru = nn.GRU(config.width, config.width, batch_first=True)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.width, config.vocabulary)
        self.head.weight = self.embed.weight  # tied, as in many language models

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.dropout(self.gru(self.embed(tokens))[0]))


def toy_images(config: ToyImagesConfig) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(config.in_channels, config.width, 3, stride=2, padding=1),
        nn.BatchNorm2d(config.width),
        nn.ReLU(),
        nn.Dropout(config.dropout),
        nn.Flatten(),
        nn.Linear(config.width * (config.image_size // 2) ** 2, config.classes),
    )


def register_toys() -> None:
    """Make the models known in this process; the registry's own tests shall not meet them in theirs."""
    if "toy_images" not in names():
        register("toy_images", title="Toy", paper="none", year=2000, config=ToyImagesConfig())(toy_images)
        register("toy_text", title="Toy", paper="none", year=2000, config=ToyTextConfig(), task="text")(ToyText)


def small_digits(training: int = 200) -> Dataset:
    whole = data.load("digits")
    return replace(
        whole,
        train=Split(whole.train.x[:training], whole.train.y[:training]),
        test=Split(whole.test.x[:50], whole.test.y[:50]),
    )


def small_text() -> Text:
    whole = data.load("shakespeare_sample")
    return Text(whole.train[:1500], whole.test[:200], whole.card)
