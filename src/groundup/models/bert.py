"""BERT: a Transformer that reads a text from both sides and guesses the tokens that were masked (Devlin et al., 2018).

Paper
    J. Devlin, M. Chang, K. Lee and K. Toutanova, "BERT: Pre-training of deep bidirectional Transformers for language
    understanding", NAACL 2019. Implemented: section 3 with figure 2, the masked language model and the
    next-sentence prediction of section 3.1 (the head; its training pairs are not made here). Which tokens are masked
    is decided in groundup/training/tasks/masked_text.py.
Parameters
    (V + C + S + 2) D + L (12 D² + 13 D) + (D² + 3 D + V) with V tokens, a context of C, S segments, width D and L
    layers; the next-sentence head has D² + 3 D + 2 more. ``bert_base`` (V 30,522, C 512, S 2, D 768, L 12):
    109,514,298 and 592,130, together 110,106,428; the paper's 110M. ``bert_small``: 835,138.
Deviations
    - ``bert_small`` reads characters instead of word pieces, and has the size for tiny Shakespeare; one segment, no
      next-sentence head.
    - The matrix that turns vectors into logits is the embedding's, and a dense layer with GELU and a norm stands before
      it: neither is in the paper, both are in the authors' code.
    - First weights: normal with standard deviation 0.02; the authors' code cuts it off at two standard deviations.

Letters: N batch, T time, V vocabulary, C context, S segments, D width, L layers.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.errors import UsageError
from groundup.models.attention import MultiHeadAttention
from groundup.models.published import Published
from groundup.models.registry import register
from groundup.models.settings import require_dropout
from groundup.models.tokens import check_tokens

EPS = 1e-12  # what the authors' code adds to the variance in a layer norm


@dataclass(frozen=True)
class BertConfig:
    """What can be chosen. The default is the paper's BERT-base for English in lower case."""

    vocabulary: int = 30_522  # V word pieces
    context: int = 512  # C, the most tokens that the model sees at once
    layers: int = 12  # L
    heads: int = 12  # in each attention; they divide the width
    width: int = 768  # D
    dropout: float = 0.1  # of the embedding, the attention weights, and what each layer adds
    segments: int = 2  # S: sentence A and sentence B
    next_sentence: bool = True  # the second head, which tells whether B followed A


class EncoderLayer(nn.Module):
    """One layer: attention to all places, then a network for each place. After each addition stands a layer norm.

    It is the encoder's layer of "Attention is all you need" with GELU in place of ReLU.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        D = config.width
        self.attention = MultiHeadAttention(D, config.heads, config.dropout)
        self.norm1 = nn.LayerNorm(D, EPS)
        self.linear1 = nn.Linear(D, 4 * D)
        self.linear2 = nn.Linear(4 * D, D)
        self.norm2 = nn.LayerNorm(D, EPS)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:  # (N, T, D) -> (N, T, D)
        x = self.norm1(x + self.dropout(self.attention(x, padding=padding)))
        hidden = F.gelu(self.linear1(x))  # (N, T, 4 D)
        return self.norm2(x + self.dropout(self.linear2(hidden)))


class Bert(nn.Module):
    """An encoder with two heads: one guesses each token from all others, one whether sentence B followed A."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        if min(config.vocabulary, config.context, config.layers, config.width, config.segments) < 1:
            raise UsageError(f"vocabulary, context, layers, width and segments must each be at least 1: {config}")
        require_dropout(config.dropout)
        self.config = config
        D = config.width
        self.token_embedding = nn.Embedding(config.vocabulary, D)
        self.position_embedding = nn.Embedding(config.context, D)
        self.segment_embedding = nn.Embedding(config.segments, D)
        self.norm = nn.LayerNorm(D, EPS)
        self.dropout = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))
        # The head for masked tokens; its last matrix is the embedding's.
        self.transform = nn.Linear(D, D)
        self.transform_norm = nn.LayerNorm(D, EPS)
        self.bias = nn.Parameter(torch.zeros(config.vocabulary))
        # The head for sentences.
        self.pooler = nn.Linear(D, D) if config.next_sentence else None
        self.follows = nn.Linear(D, 2) if config.next_sentence else None
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif "norm" not in name:
                nn.init.normal_(parameter, std=0.02)

    def forward(
        self,
        tokens: Tensor,
        segments: Tensor | None = None,
        padding: Tensor | None = None,
        places: Tensor | None = None,
    ) -> Tensor:
        """Return the logits (N, T, V) of the token that should stand at each place of tokens (N, T).

        Parameters as for :meth:`encode`, and

        Parameters
        ----------
        places : (N, K), the places to guess at; then the logits are (N, K, V), and the others are not computed.
        """
        x = self.encode(tokens, segments, padding)  # (N, T, D)
        if places is not None:
            if places.ndim != 2 or len(places) != len(tokens):
                raise ValueError(
                    f"places: got shape {tuple(places.shape)}, expected (N, K) with N = {len(tokens)}: "
                    "a row for each row of tokens"
                )
            x = x.gather(1, places[:, :, None].expand(-1, -1, x.shape[2]))  # (N, K, D)
        return self.masked_tokens(x)

    def encode(self, tokens: Tensor, segments: Tensor | None = None, padding: Tensor | None = None) -> Tensor:
        """Return a vector for each place that knows the places around it, (N, T, D).

        Parameters
        ----------
        tokens : (N, T), whole numbers from 0 to V - 1.
        segments : (N, T), which sentence each token belongs to; all to sentence 0 if left out.
        padding : (N, T) booleans, True for places that only fill a row up: nobody looks at them.
        """
        check_tokens(tokens, self.config.vocabulary, self.config.context)
        for name, given in (("segments", segments), ("padding", padding)):
            if given is not None and given.shape != tokens.shape:
                raise ValueError(
                    f"{name}: got shape {tuple(given.shape)}, expected that of tokens, {tuple(tokens.shape)}"
                )
        position = torch.arange(tokens.shape[1], device=tokens.device)  # (T,)
        segment = self.segment_embedding.weight[0] if segments is None else self.segment_embedding(segments)
        x = self.token_embedding(tokens) + self.position_embedding(position) + segment  # (N, T, D)
        x = self.dropout(self.norm(x))
        for layer in self.layers:
            x = layer(x, padding)  # (N, T, D)
        return x

    def masked_tokens(self, x: Tensor) -> Tensor:
        """Return logits (..., V) from encoded places x (..., D)."""
        x = self.transform_norm(F.gelu(self.transform(x)))  # (..., D)
        return F.linear(x, self.token_embedding.weight, self.bias)  # (..., V)

    def next_sentence(self, x: Tensor) -> Tensor:
        """Return logits (N, 2) from encoded texts x (N, T, D): 0, B followed A in the text; 1, B is from elsewhere.

        Only the first place is read, where a token without meaning of its own, [CLS], gathers what the text says.
        """
        if self.pooler is None or self.follows is None:
            raise UsageError("This BERT was built without the head for sentences: set next_sentence=True.")
        return self.follows(torch.tanh(self.pooler(x[:, 0])))  # (N, D) -> (N, 2)


HOME = "https://huggingface.co/google-bert/bert-base-uncased/resolve/86b5e0934494bd15c9632b12f734a8a67f723594/"
PUBLISHED = Published(
    rename={
        r"^token_embedding": "bert.embeddings.word_embeddings",
        r"^position_embedding": "bert.embeddings.position_embeddings",
        r"^segment_embedding": "bert.embeddings.token_type_embeddings",
        r"^layers\.": "bert.encoder.layer.",
        r"\.attention\.q_proj": ".attention.self.query",
        r"\.attention\.k_proj": ".attention.self.key",
        r"\.attention\.v_proj": ".attention.self.value",
        r"\.attention\.out_proj": ".attention.output.dense",
        r"\.linear1": ".intermediate.dense",
        r"\.linear2": ".output.dense",
        r"\.norm1": ".attention.output.LayerNorm",
        r"\.norm2": ".output.LayerNorm",
        r"^norm\.": "bert.embeddings.LayerNorm.",
        r"^transform_norm": "cls.predictions.transform.LayerNorm",
        r"^transform\.": "cls.predictions.transform.dense.",
        r"^bias$": "cls.predictions.bias",
        r"^pooler": "bert.pooler.dense",
        r"^follows": "cls.seq_relationship",
        # The norms of the published file have the names of the first implementation, in TensorFlow.
        r"LayerNorm\.weight$": "LayerNorm.gamma",
        r"LayerNorm\.bias$": "LayerNorm.beta",
    },
    # A model without the head for sentences leaves it; the other is a second name of the embedding.
    ignored=(r"^bert\.pooler\.", r"^cls\.seq_relationship\.", r"^cls\.predictions\.decoder\."),
    url=HOME + "model.safetensors",
    sha256="68d45e234eb4a928074dfd868cead0219ab85354cc53d20e772753c6bb9169d3",
)
NEWER = {r"LayerNorm\.gamma$": "LayerNorm.weight", r"LayerNorm\.beta$": "LayerNorm.bias"}
TRANSFORMERS = replace(PUBLISHED, rename={**PUBLISHED.rename, **NEWER}, url=None, sha256=None)
PUBLISHED = replace(PUBLISHED, also=(TRANSFORMERS,))

PAPER = "Devlin, Chang, Lee, Toutanova: BERT: Pre-training of deep bidirectional Transformers"


@register(
    "bert_base",
    title="BERT-base",
    paper=PAPER,
    year=2018,
    task="masked_text",
    config=BertConfig(),
    published=PUBLISHED,
)
@register(
    "bert_small",
    title="BERT, small, for characters",
    paper=PAPER,
    year=2018,
    task="masked_text",
    config=BertConfig(
        vocabulary=66, context=128, layers=4, heads=4, width=128, dropout=0.0, segments=1, next_sentence=False
    ),
)
def bert(config: BertConfig) -> Bert:
    return Bert(config)
