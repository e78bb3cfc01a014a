"""Long short-term memory as a language model (Hochreiter and Schmidhuber, 1997), its cell written out.

Papers
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8):1735-1780: a memory that is
    added to instead of rewritten, section 4. The forget gate is from F. Gers, J. Schmidhuber and F. Cummins, "Learning
    to forget", Neural Computation 12(10):2451-2471, 2000.
    ``lstm_medium``: W. Zaremba, I. Sutskever and O. Vinyals, "Recurrent neural network regularization", 2014, the
    equations of section 3 with dropout on the connections between layers alone, and the medium model of section 4.1
    (two layers of 650 units, half of the outputs dropped) for the 10,000 words of the Penn treebank.
Parameters
    V D + 4 (D H + H H + 2 H) + (H V + V) for one layer; 1,221,249 for the 65 characters of tiny Shakespeare and the
    default configuration (D = 64, H = 512). ``lstm_medium``: 19,780,400, of which the second biases (see Deviations)
    are 5,200.
Deviations
    - No peephole connections, and no truncation of the gradient to the cell's memory: both as in Zaremba and others.
    - Each linear map has a bias, so a gate has two that act as their sum: this is torch.nn.LSTM's layout.
    - First weights: uniform in ±1/√H, as PyTorch's.
    - Training: windows of text, each from a state of zeros; Zaremba and others carry the state on.
Result
    Tiny Shakespeare, seeds 0, 1 and 2: 1.474, 1.463 and 1.457 nats per character on validation (the last tenth of the
    first nine tenths of the text), 1.667, 1.649 and 1.647 on the test split (the last tenth), mean 1.654, standard
    deviation 0.011. 2 min 17 s for seed 2 on one thread of a CPU (Intel Xeon with AMX, torch 2.13, 16-bit numbers).
    Nothing was tuned. What it writes: docs/trained.md.

        groundup train lstm --data tinyshakespeare --epochs 10 --precision bf16 --optimizer.name adamw
            --optimizer.lr 0.004 --optimizer.weight-decay 0.01 --schedule.warmup 0.05 --clip 1 --seed 0

The network around the cell, its two ways to compute and the letters are those of rnn.py.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.models.registry import register
from groundup.models.rnn import RecurrentConfig, RecurrentLanguageModel, States


def lstm_cell(
    x: Tensor, states: States, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> States:
    """Forget a part of the memory c, add something new to it, and show a part of it as h.

    ::

        i = sigmoid(a_i)   input gate: how much of the new content is written
        f = sigmoid(a_f)   forget gate: how much of the old memory stays
        g = tanh(a_g)      new content
        o = sigmoid(a_o)   output gate: how much of the memory is shown
        c' = f c + i g     with a = W_ih x + b_ih + W_hh h + b_hh, cut into four
        h' = o tanh(c')

    The way from c to c' has no matrix and no squashing in it: as long as f is near 1, the gradient passes through many
    steps unchanged. In the plain network it is multiplied by W_hh and by slopes of at most 1 at each step.

    Parameters
    ----------
    x : (N, I), what is read at this step.
    states : (h, c), each (N, H).
    weight_ih, weight_hh, bias_ih, bias_hh : (4 H, I), (4 H, H), (4 H,), (4 H,); the gates in the order i, f, g, o.

    Returns
    -------
    states : (h', c'), each (N, H).
    """
    h, c = states
    a = F.linear(x, weight_ih, bias_ih) + F.linear(h, weight_hh, bias_hh)  # (N, 4 H)
    a_i, a_f, a_g, a_o = a.chunk(4, dim=1)  # (N, H) each
    i, f, g, o = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.tanh(a_g), torch.sigmoid(a_o)
    c = f * c + i * g
    return o * torch.tanh(c), c


@register(
    "lstm",
    title="LSTM language model",
    paper="Hochreiter, Schmidhuber: Long short-term memory",
    year=1997,
    task="text",
    config=RecurrentConfig(),
)
@register(
    "lstm_medium",
    title="LSTM language model, medium",
    paper="Zaremba, Sutskever, Vinyals: Recurrent neural network regularization",
    year=2014,
    task="text",
    config=RecurrentConfig(vocabulary=10_000, width=650, hidden=650, layers=2, dropout=0.5),
)
def lstm(config: RecurrentConfig) -> RecurrentLanguageModel:
    return RecurrentLanguageModel(config, lstm_cell, gates=4, states=2, compiled=nn.LSTM)
