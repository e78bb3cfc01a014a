"""The models of translation at toy size, and a batch for them."""

import torch
from torch import nn

from groundup.models.decoding import BEGIN, END, PAD
from groundup.models.seq2seq_attention import Seq2SeqAttention, Seq2SeqAttentionConfig
from groundup.models.transformer import Transformer, TransformerConfig

V = 17
TRANSFORMER = TransformerConfig(vocabulary=V, width=12, heads=3, layers=2, inner=20, dropout=0.0, context=24)
RNNSEARCH = Seq2SeqAttentionConfig(vocabulary=V, width=5, hidden=7, alignment=11, output=3)

SOURCE = torch.tensor([[3, 9, 4, 12, 5, END], [7, 16, END, PAD, PAD, PAD], [5, 8, 11, 6, END, PAD]])
TARGET = torch.tensor([[BEGIN, 4, 6, 13, 3], [BEGIN, 10, 8, END, PAD], [BEGIN, 14, END, PAD, PAD]])


def transformer() -> Transformer:
    torch.manual_seed(1)
    return Transformer(TRANSFORMER).eval()


def rnnsearch() -> Seq2SeqAttention:
    """In float64, with random numbers in place of the paper's first weights, of which many are zero or tiny."""
    torch.manual_seed(1)
    model = Seq2SeqAttention(RNNSEARCH).double().eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model
