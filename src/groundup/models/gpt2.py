"""GPT-2: a Transformer that reads a text from left to right and guesses each next token (Radford and others, 2019).

Paper
    A. Radford, J. Wu, R. Child, D. Luan, D. Amodei and I. Sutskever, "Language models are unsupervised multitask
    learners", section 2.3. What it takes over from A. Radford, K. Narasimhan, T. Salimans and I. Sutskever, "Improving
    language understanding by generative pre-training", 2018, sections 3.1 and 4.1: learned positions, GELU, first
    weights of standard deviation 0.02, weights shared by the first and the last matrix. The layers are the decoder's
    of "Attention is all you need" without its look at an encoder.
Parameters
    V D + C D + L (12 D² + 13 D) + 2 D with V tokens, a context of C tokens, width D and L layers. ``gpt2``
    (V 50,257, C 1,024, D 768, L 12): 124,439,808. The paper's table 2 says 117M, a figure that its authors have
    corrected to 124M. ``gpt_small``: 818,048.
Deviations
    - ``gpt_small`` reads characters instead of byte pairs, and has the size for tiny Shakespeare.
    - GELU in its tanh form, as in the authors' code.
    - Section 2.3 scales the first weights of residual layers by 1/√N. Here N = 2 L additions to the residual stream,
      and what is scaled is the last matrix of each attention and of each feed-forward layer.
Result
    ``gpt_small``, tiny Shakespeare, seeds 0, 1 and 2: 1.484, 1.482 and 1.486 nats per character on validation (the last
    tenth of the first nine tenths of the text), 1.719, 1.731 and 1.743 on the test split (the last tenth), mean 1.731,
    standard deviation 0.012. 8 min for seed 1 on one thread of a CPU (Intel Xeon with AMX, torch 2.13, 16-bit numbers).
    The batch was halved after a first run with 64 (validation 1.517). What it writes: docs/trained.md.

        groundup train gpt_small --data tinyshakespeare --epochs 12 --batch-size 32 --precision bf16
            --optimizer.name adamw --optimizer.lr 0.003 --optimizer.betas 0.9 0.99 --optimizer.weight-decay 0.1
            --optimizer.decay matrices --schedule.warmup 0.05 --clip 1 --seed 0

Letters: N batch, T time, V vocabulary, C context, D width, L layers.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.errors import UsageError
from groundup.models.attention import KeyValueCache, MultiHeadAttention
from groundup.models.published import Published
from groundup.models.registry import register
from groundup.models.settings import require_dropout
from groundup.models.tokens import check_tokens


@dataclass(frozen=True)
class GPT2Config:
    """What can be chosen. The default is the paper's smallest model."""

    vocabulary: int = 50_257  # V: 256 bytes, 50,000 merged pairs, and one token for the end of a text
    context: int = 1024  # C, the most tokens that the model sees at once
    layers: int = 12  # L
    heads: int = 12  # in each attention; they divide the width
    width: int = 768  # D
    dropout: float = 0.1  # of the embedding, the attention weights, and what each layer adds


class Block(nn.Module):
    """One layer: attention to what came before, then a network for each place, both added to what they read.

    Each reads through a layer norm. In the Transformer of 2017 the norm came after the addition; here the stream of
    additions runs from the first layer to the last with nothing in its way.
    """

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        D = config.width
        self.norm1 = nn.LayerNorm(D)
        self.attention = MultiHeadAttention(D, config.heads, config.dropout)
        self.norm2 = nn.LayerNorm(D)
        self.linear1 = nn.Linear(D, 4 * D)
        self.linear2 = nn.Linear(4 * D, D)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, cache: KeyValueCache | None = None) -> Tensor:  # (N, T, D) -> (N, T, D)
        x = x + self.dropout(self.attention(self.norm1(x), causal=True, cache=cache))
        hidden = F.gelu(self.linear1(self.norm2(x)), approximate="tanh")  # (N, T, 4 D)
        return x + self.dropout(self.linear2(hidden))


class GPT2(nn.Module):
    """Tokens and their positions become vectors; L blocks; a last norm; logits from the embedding's own matrix."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        if min(config.vocabulary, config.context, config.layers, config.width) < 1:
            raise UsageError(f"vocabulary, context, layers and width must each be at least 1: {config}")
        require_dropout(config.dropout)
        self.config = config
        self.token_embedding = nn.Embedding(config.vocabulary, config.width)
        self.position_embedding = nn.Embedding(config.context, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self._initialize()

    def _initialize(self) -> None:
        """Draw small first weights; smaller still where 2 L layers add up, so that the sum does not grow with L."""
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif "norm" not in name:
                adds = name.endswith(("out_proj.weight", "linear2.weight"))
                nn.init.normal_(parameter, std=0.02 / (2 * self.config.layers) ** 0.5 if adds else 0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return for each place of tokens (N, T) the logits (N, T, V) of the token that follows."""
        return self._logits(tokens, [None] * len(self.blocks))

    def read(self, tokens: Tensor, memory: list[KeyValueCache] | None = None) -> tuple[Tensor, list[KeyValueCache]]:
        """Read on: logits (N, T, V), and a memory with which the next call continues the text after these tokens.

        The keys and values of a token never change, since it does not see what follows. So they are kept, and the
        next token computes only its own: the cost of one token grows with the text no longer as T², but as T.

        Parameters
        ----------
        tokens : (N, T), whole numbers from 0 to V - 1.
        memory : what an earlier call returned, which this call extends; without it a text begins.

        Raises
        ------
        UsageError : tokens and memory together are longer than the context.
        """
        caches = [KeyValueCache() for _ in self.blocks] if memory is None else memory
        return self._logits(tokens, caches), caches

    def _logits(self, tokens: Tensor, caches: list[KeyValueCache] | list[None]) -> Tensor:
        before = 0 if caches[0] is None else len(caches[0])  # tokens read in earlier calls
        check_tokens(tokens, self.config.vocabulary, self.config.context, before)
        position = torch.arange(before, before + tokens.shape[1], device=tokens.device)  # (T,)
        x = self.dropout(self.token_embedding(tokens) + self.position_embedding(position))  # (N, T, D)
        for block, cache in zip(self.blocks, caches):
            x = block(x, cache)
        return F.linear(self.norm(x), self.token_embedding.weight)  # (N, T, V)


HOME = "https://huggingface.co/openai-community/gpt2/resolve/607a30d783dfa663caf39e06633721c8d4cfcd7e/"
PUBLISHED = Published(
    rename={
        r"^token_embedding": "wte",
        r"^position_embedding": "wpe",
        r"^blocks\.": "h.",
        r"^norm\.": "ln_f.",
        r"\.norm1\.": ".ln_1.",
        r"\.norm2\.": ".ln_2.",
        r"attention\.[qkv]_proj": "attn.c_attn",
        r"attention\.out_proj": "attn.c_proj",
        r"linear1": "mlp.c_fc",
        r"linear2": "mlp.c_proj",
    },
    parts={r"q_proj": (0, 3), r"k_proj": (1, 3), r"v_proj": (2, 3)},
    transposed=(r"(_proj|linear1|linear2)\.weight$",),  # theirs are (I, O)
    ignored=(r"attn\.bias$", r"^lm_head\."),  # the causal mask; a second name of wte
    url=HOME + "model.safetensors",
    sha256="248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
)
# The library transformers saves a GPT2LMHeadModel with a prefix, which the published file lacks.
TRANSFORMERS = replace(PUBLISHED, rename={**PUBLISHED.rename, "^": "transformer."}, url=None, sha256=None)
PUBLISHED = replace(PUBLISHED, also=(TRANSFORMERS,))

PAPER = "Radford et al.: Language models are unsupervised multitask learners"


@register(
    "gpt2",
    title="GPT-2",
    paper=PAPER,
    year=2019,
    task="text",
    config=GPT2Config(),
    published=PUBLISHED,
)
@register(
    "gpt_small",
    title="GPT-2, small, for characters",
    paper=PAPER,
    year=2019,
    task="text",
    config=GPT2Config(vocabulary=65, context=128, layers=4, heads=4, width=128, dropout=0.0),
)
def gpt2(config: GPT2Config) -> GPT2:
    return GPT2(config)
