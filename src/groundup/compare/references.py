"""Reference implementations of our models, built from our configurations and called as ours are.

Those of torchvision and transformers are imported where they are built, after ``reference_packages.require``.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.models.auxiliary import Classifiers
from groundup.models.bert import BertConfig
from groundup.models.decoding import PAD
from groundup.models.googlenet import AUXILIARY_WEIGHT, GoogLeNetConfig
from groundup.models.gpt2 import GPT2Config
from groundup.models.rnn import RecurrentConfig
from groundup.models.transformer import TransformerConfig, sinusoids
from groundup.models.vit import ViTConfig


class Called(nn.Module):
    """A model that is called in another way: ``call(model, *inputs)``."""

    def __init__(self, model: nn.Module, call: Callable[..., Any]) -> None:
        super().__init__()
        self.model, self.call = model, call

    def forward(self, *inputs: Tensor) -> Any:
        return self.call(self.model, *inputs)


def torchvision_model(name: str, **options: str) -> Callable[[Any], nn.Module]:
    """Return the builder of one of torchvision's models.

    ``options`` name arguments of torchvision's function and the fields of our configuration that they come from.
    """

    def build(config: Any) -> nn.Module:
        from torchvision import models

        chosen = {theirs: getattr(config, ours) for theirs, ours in options.items()}
        return models.get_model(name, num_classes=config.classes, **chosen)

    return build


def googlenet(config: GoogLeNetConfig) -> nn.Module:
    from torchvision.models import GoogLeNet

    def call(model: nn.Module, x: Tensor) -> Classifiers:
        logits, second, first = model(x)
        return Classifiers(logits, (first, second), AUXILIARY_WEIGHT)

    options: dict[str, Any] = dict(dropout=config.dropout, dropout_aux=config.dropout_auxiliary)
    return Called(GoogLeNet(num_classes=config.classes, init_weights=False, **options), call)


def vit(config: ViTConfig) -> nn.Module:
    from torchvision.models import VisionTransformer

    return VisionTransformer(
        config.image_size, config.patch_size, config.layers, config.heads, config.width, config.mlp, config.dropout,
        num_classes=config.classes,
    )  # fmt: skip


class Recurrent(nn.Module):
    """A language model of torch.nn's parts; its weights have our names."""

    def __init__(self, config: RecurrentConfig, kind: Callable[..., nn.Module]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.recurrent = kind(config.width, config.hidden, config.layers, batch_first=True)
        self.head = nn.Linear(config.hidden, config.vocabulary)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.recurrent(self.embedding(tokens))[0])


def gpt2(config: GPT2Config) -> nn.Module:
    import transformers

    model = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=config.vocabulary,
            n_positions=config.context,
            n_embd=config.width,
            n_layer=config.layers,
            n_head=config.heads,
            embd_pdrop=config.dropout,
            attn_pdrop=config.dropout,
            resid_pdrop=config.dropout,
            bos_token_id=None,
            eos_token_id=None,
        )
    )
    return Called(model, lambda model, tokens: model(tokens, use_cache=False).logits)


def bert(config: BertConfig) -> nn.Module:
    """Return the model with the head for masked tokens alone."""
    import transformers

    model = transformers.BertForMaskedLM(
        transformers.BertConfig(
            vocab_size=config.vocabulary,
            max_position_embeddings=config.context,
            hidden_size=config.width,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            intermediate_size=4 * config.width,
            type_vocab_size=config.segments,
            hidden_dropout_prob=config.dropout,
            attention_probs_dropout_prob=config.dropout,
        )
    )
    return Called(model, lambda model, tokens: model(tokens).logits)


class Transformer(nn.Module):
    """torch.nn.Transformer between a table of vectors and the same table; as in the paper, no norm after the stacks."""

    places: Tensor
    future: Tensor

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width, heads, layers, inner = config.width, config.heads, config.layers, config.inner
        self.embedding = nn.Embedding(config.vocabulary, width)
        # As ours. From torch's first weights the logits are so large that most gradients are next to zero, and a CPU
        # computes with such tiny (denormal) numbers many times more slowly.
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.register_buffer("places", sinusoids(config.context, width), persistent=False)
        self.register_buffer(
            "future", torch.ones(config.context, config.context, dtype=torch.bool).triu(1), persistent=False
        )
        self.dropout = nn.Dropout(config.dropout)
        encoder = nn.TransformerEncoderLayer(width, heads, inner, config.dropout, batch_first=True)
        decoder = nn.TransformerDecoderLayer(width, heads, inner, config.dropout, batch_first=True)
        self.encoder = nn.TransformerEncoder(encoder, layers, enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(decoder, layers)
        # torch drops attention weights and hidden units too; the paper, and our model, only what each part adds.
        for module in self.modules():
            if isinstance(module, nn.MultiheadAttention):
                module.dropout = 0.0
            elif isinstance(module, (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)):
                module.dropout.p = 0.0

    def embed(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens) * self.embedding.embedding_dim**0.5
        return self.dropout(x + self.places[: tokens.shape[1]])

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        padding, T = source == PAD, target.shape[1]
        memory = self.encoder(self.embed(source), src_key_padding_mask=padding)
        y = self.decoder(
            self.embed(target),
            memory,
            tgt_mask=self.future[:T, :T],
            tgt_is_causal=True,  # with this hint torch takes its fused attention
            memory_key_padding_mask=padding,
        )
        return F.linear(y, self.embedding.weight)
