"""The reference implementations of the language models, as the package builds them, without what calls them."""

from typing import Any

import transformers
from torch import Tensor

from groundup.compare import references
from groundup.models.bert import BertConfig
from groundup.models.gpt2 import GPT2Config

transformers.logging.set_verbosity_error()


def gpt2_twin(config: GPT2Config) -> transformers.GPT2LMHeadModel:
    model = references.gpt2(config).model
    assert isinstance(model, transformers.GPT2LMHeadModel)
    return model


def gpt2_logits(model: transformers.GPT2LMHeadModel, tokens: Tensor) -> Tensor:
    logits = model(tokens, use_cache=False).logits
    assert logits is not None
    return logits


def bert_twin(config: BertConfig, **options: Any) -> transformers.BertForPreTraining | transformers.BertForMaskedLM:
    """With the head for sentences if ``config`` has it; ``options`` are settings of transformers that ours lacks."""
    masked = references.bert(config).model
    assert isinstance(masked, transformers.BertForMaskedLM)
    kind = transformers.BertForPreTraining if config.next_sentence else transformers.BertForMaskedLM
    return kind(transformers.BertConfig(**{**masked.config.to_dict(), **options}))
