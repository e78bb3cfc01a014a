"""Gated recurrent units as a language model (Cho and others, 2014), the cell written out.

Papers
    K. Cho, B. van Merriënboer, C. Gulcehre, D. Bahdanau, F. Bougares, H. Schwenk and Y. Bengio, "Learning phrase
    representations using RNN encoder-decoder for statistical machine translation", EMNLP 2014, section 2.3: the unit,
    equations 5 to 8. As a model of sequences on its own: J. Chung, C. Gulcehre, K. Cho and Y. Bengio, "Empirical
    evaluation of gated recurrent neural networks on sequence modeling", 2014.
Parameters
    V D + 3 (D H + H H + 2 H) + (H V + V) for one layer; 925,313 for the 65 characters of tiny Shakespeare and the
    default configuration (D = 64, H = 512).
Deviations
    - The reset gate multiplies W_hh h + b_hh; in the paper (equation 8) it multiplies h before the matrix. So all three
      products with h are one. PyTorch and cuDNN compute it this way.
    - Each linear map has a bias; the paper leaves biases out.
    - First weights: uniform in ±1/√H, as PyTorch's.
    - Training: windows of text, each from a state of zeros.
Result
    Tiny Shakespeare, seeds 0, 1 and 2: 1.461, 1.464 and 1.461 nats per character on validation (the last tenth of the
    first nine tenths of the text), 1.653, 1.639 and 1.645 on the test split (the last tenth), mean 1.646, standard
    deviation 0.007. 4 min 5 s for seed 2 on one thread of a CPU (Intel Xeon with AMX, torch 2.13, 16-bit numbers).
    Nothing was tuned. What it writes: docs/trained.md.

        groundup train gru --data tinyshakespeare --epochs 8 --precision bf16 --optimizer.name adamw
            --optimizer.lr 0.003 --optimizer.weight-decay 0.01 --schedule.warmup 0.05 --clip 1 --seed 0

The network around the cell, its two ways to compute and the letters are those of rnn.py.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.models.registry import register
from groundup.models.rnn import RecurrentConfig, RecurrentLanguageModel, States


def gru_cell(
    x: Tensor, states: States, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> States:
    """Move from the old state towards new content, each unit as far as its gate says.

    ::

        r = sigmoid(a_r + b_r)    reset gate: how much of the past the new content sees
        z = sigmoid(a_z + b_z)    update gate: how much of the old state stays
        n = tanh(a_n + r b_n)     new content
        h' = (1 - z) n + z h      with a = W_ih x + b_ih and b = W_hh h + b_hh, each cut into three

    One state instead of the LSTM's two, and three products instead of four.

    Parameters
    ----------
    x : (N, I), what is read at this step.
    states : (h,) with h (N, H).
    weight_ih, weight_hh, bias_ih, bias_hh : (3 H, I), (3 H, H), (3 H,), (3 H,); the gates in the order r, z, n.

    Returns
    -------
    states : (h',) with h' (N, H).
    """
    (h,) = states
    a_r, a_z, a_n = F.linear(x, weight_ih, bias_ih).chunk(3, dim=1)  # (N, H) each
    b_r, b_z, b_n = F.linear(h, weight_hh, bias_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(a_r + b_r), torch.sigmoid(a_z + b_z)
    n = torch.tanh(a_n + r * b_n)
    return ((1 - z) * n + z * h,)


@register(
    "gru",
    title="GRU language model",
    paper="Cho et al.: Learning phrase representations using RNN encoder-decoder for statistical machine translation",
    year=2014,
    task="text",
    config=RecurrentConfig(),
)
def gru(config: RecurrentConfig) -> RecurrentLanguageModel:
    return RecurrentLanguageModel(config, gru_cell, gates=3, states=1, compiled=nn.GRU)
