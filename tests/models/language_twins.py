"""The reference implementations of the language models: how each is built, called, and what it calls its weights."""

from typing import Any

import transformers
from torch import Tensor, nn

from groundup.models import bert, gpt2
from groundup.models.rnn import RecurrentConfig

transformers.logging.set_verbosity_error()


class RecurrentTwin(nn.Module):
    """Language model of torch.nn's parts; its weights have our names."""

    def __init__(self, config: RecurrentConfig, kind: type[nn.RNN] | type[nn.LSTM] | type[nn.GRU]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.recurrent = kind(config.width, config.hidden, config.layers, batch_first=True)
        self.head = nn.Linear(config.hidden, config.vocabulary)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.recurrent(self.embedding(tokens))[0])


def gpt2_twin(config: gpt2.GPT2Config) -> transformers.GPT2LMHeadModel:
    return transformers.GPT2LMHeadModel(
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


def gpt2_logits(model: transformers.GPT2LMHeadModel, tokens: Tensor) -> Tensor:
    logits = model(tokens, use_cache=False).logits
    assert logits is not None
    return logits


def bert_twin(
    config: bert.BertConfig, **options: Any
) -> transformers.BertForPreTraining | transformers.BertForMaskedLM:
    kind = transformers.BertForPreTraining if config.next_sentence else transformers.BertForMaskedLM
    return kind(
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
            **options,
        )
    )
