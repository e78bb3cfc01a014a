"""ViT: an image is a sequence of patches, read by a Transformer (Dosovitskiy, Beyer, Kolesnikov et al., 2021).

Paper
    "An image is worth 16x16 words: Transformers for image recognition at scale", ICLR 2021.
    Implemented: section 3.1 with figure 1 and equations 1 to 4; ViT-Base of table 1 with patches of 16 x 16 pixels.
    The attention is that of Vaswani et al., 2017 (attention.py). The block is not: the norm comes before each part
    (pre-norm), and the activation is GELU, so it is written here.
Parameters
    ViT-B/16 for 224 x 224 pixels and 1,000 classes: 86,567,656, as torchvision's; table 1 says 86 million.
    ``vit_cifar``, the same network for 32 x 32 pixels in patches of 4 x 4: 811,146.
Deviations
    - The head is one linear layer, as the paper has it for fine-tuning; for pre-training it has a hidden layer too.
    - The head's first weights are normal with standard deviation 0.02. The paper fine-tunes from zeros, which makes
      the first gradient of everything below zero.
    - First weights are those of the authors' code: Xavier-uniform for linear layers and attention, positions normal
      with 0.02, a class token of zeros.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.errors import UsageError
from groundup.models.attention import MultiHeadAttention
from groundup.models.images import require_images
from groundup.models.published import Published
from groundup.models.registry import register
from groundup.models.settings import require_dropout


@dataclass(frozen=True)
class ViTConfig:
    """What can be chosen; the default is ViT-B/16."""

    classes: int = 1000
    in_channels: int = 3
    image_size: int = 224  # pixels along each side
    patch_size: int = 16  # P: pixels along each side of a patch
    width: int = 768  # D: numbers that stand for a patch
    layers: int = 12  # L
    heads: int = 12
    mlp: int = 3072  # width between the two linear layers of a block
    dropout: float = 0.1  # after each linear layer but those of q, k and v, and on the embeddings (appendix B.1)


class Block(nn.Module):
    """Equations 2 and 3: z' = MSA(LN(z)) + z and z'' = MLP(LN(z')) + z'."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        D = config.width
        self.norm1 = nn.LayerNorm(D, eps=1e-6)
        self.attention = MultiHeadAttention(D, config.heads)
        self.norm2 = nn.LayerNorm(D, eps=1e-6)
        self.linear1 = nn.Linear(D, config.mlp)
        self.linear2 = nn.Linear(config.mlp, D)
        self.dropout = nn.Dropout(config.dropout)
        for linear in (self.linear1, self.linear2):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.normal_(linear.bias, std=1e-6)

    def forward(self, z: Tensor) -> Tensor:  # (N, T, D) -> (N, T, D)
        z = z + self.dropout(self.attention(self.norm1(z)))
        return z + self.mlp(self.norm2(z))

    def mlp(self, z: Tensor) -> Tensor:
        hidden = self.dropout(F.gelu(self.linear1(z)))  # (N, T, mlp)
        return self.dropout(self.linear2(hidden))  # (N, T, D)


class ViT(nn.Module):
    """A Vision Transformer; comments give the sizes in ViT-B/16."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        P, D = config.patch_size, config.width
        if P < 1 or config.image_size % P:
            raise UsageError(
                f"patches of {P} x {P} pixels do not tile an image of {config.image_size} x {config.image_size}: "
                "patch_size must divide image_size."
            )
        require_dropout(config.dropout)
        self.config = config
        patches = (config.image_size // P) ** 2
        # A linear map of each patch: a convolution whose kernel covers one patch and steps to the next.
        self.patch_embedding = nn.Conv2d(config.in_channels, D, P, stride=P)
        self.class_token = nn.Parameter(torch.zeros(1, 1, D))
        self.positions = nn.Parameter(torch.empty(1, 1 + patches, D))
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.Sequential(*(Block(config) for _ in range(config.layers)))
        self.norm = nn.LayerNorm(D, eps=1e-6)
        self.head = nn.Linear(D, config.classes)
        nn.init.trunc_normal_(self.patch_embedding.weight, std=(config.in_channels * P * P) ** -0.5)
        nn.init.zeros_(self.patch_embedding.get_parameter("bias"))
        nn.init.normal_(self.positions, std=0.02)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, classes) for images x (N, C, H, W)."""
        require_images(x, self.config)  # (N, 3, 224, 224)
        z = self.patch_embedding(x).flatten(2).transpose(1, 2)  # (N, 196, 768): a row a patch
        z = torch.cat([self.class_token.expand(len(z), -1, -1), z], dim=1)  # (N, 197, 768)
        z = self.dropout(z + self.positions)  # equation 1
        z = self.blocks(z)  # (N, 197, 768), equations 2 and 3
        y = self.norm(z[:, 0])  # (N, 768): the class token has gathered what it needs, equation 4
        return self.head(y)  # (N, classes)


# Trained on ImageNet-1k by Steiner et al., "How to train your ViT?", 2022, on pixels from -1 to 1.
TIMM = Published(
    rename={
        r"^class_token$": "cls_token",
        r"^positions$": "pos_embed",
        r"^patch_embedding\.": "patch_embed.proj.",
        r"\.attention\.[qkv]_proj\.": ".attn.qkv.",  # one tensor for the three
        r"\.attention\.out_proj\.": ".attn.proj.",
        r"\.linear1\.": ".mlp.fc1.",
        r"\.linear2\.": ".mlp.fc2.",
    },
    parts={r"\.q_proj\.": (0, 3), r"\.k_proj\.": (1, 3), r"\.v_proj\.": (2, 3)},
    url="https://huggingface.co/timm/vit_base_patch16_224.augreg_in1k/resolve/main/model.safetensors",
)

TORCHVISION = Published(
    rename={
        r"^patch_embedding\.": "conv_proj.",
        r"^positions$": "encoder.pos_embedding",
        r"^blocks\.(\d+)\.": r"encoder.layers.encoder_layer_\1.",
        r"^norm\.": "encoder.ln.",
        r"^head\.": "heads.head.",
        r"\.norm([12])\.": r".ln_\1.",
        r"\.linear1\.": ".mlp.0.",
        r"\.linear2\.": ".mlp.3.",
        r"\.attention\.[qkv]_proj\.": ".self_attention.in_proj_",  # one tensor for the three
        r"\.attention\.out_proj\.": ".self_attention.out_proj.",
    },
    parts={r"\.q_proj\.": (0, 3), r"\.k_proj\.": (1, 3), r"\.v_proj\.": (2, 3)},
    also=(TIMM,),
)

PAPER = "Dosovitskiy et al.: An image is worth 16x16 words: Transformers for image recognition at scale"


@register("vit_b16", title="ViT-B/16", paper=PAPER, year=2021, config=ViTConfig(), published=TORCHVISION)
@register(
    "vit_cifar",
    title="ViT for CIFAR, patches of 4 x 4",
    paper=PAPER,
    year=2021,
    config=ViTConfig(classes=10, image_size=32, patch_size=4, width=128, layers=6, heads=4, mlp=256, dropout=0.0),
)
def vit(config: ViTConfig) -> ViT:
    return ViT(config)
