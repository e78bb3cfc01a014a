"""Three networks that look back along a series, and the head that they share, in PyTorch.

Each encoder reads the past, (N, L, 3): the values, whether each was known, whether its day was a holiday. The head
joins what the encoder made of it with what is known of each future step, and answers with quantiles: how far the step
will lie from its seasonal mean. So a network starts from a good forecast and learns what to change about it.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from groundup.applications.forecast.scores import QUANTILES
from groundup.applications.forecast.windows import Windows, seasonal_mean

CHANNELS = 3


class LSTMEncoder(nn.Module):
    """Reads the past step by step; what it remembers at the end is its answer."""

    def __init__(self, width: int, season: int):
        super().__init__()
        self.lstm = nn.LSTM(CHANNELS, width, batch_first=True)

    def forward(self, past: torch.Tensor) -> torch.Tensor:  # (N, L, C)
        states, _ = self.lstm(past)
        return states[:, -1]  # (N, D)


class ConvolutionEncoder(nn.Module):
    """Causal convolutions whose reach doubles: five layers with kernel 3 see 63 steps (Bai et al. 2018).

    There the dilation doubles from layer to layer. Only the last step is asked for here, so each layer is needed at
    every second step of the one below alone: a stride of 2 gives the same numbers as dilation, for a fifth of the work.
    """

    def __init__(self, width: int, season: int, layers: int = 5):
        super().__init__()
        self.first = nn.Conv1d(CHANNELS, width, 1)
        self.layers = nn.ModuleList(nn.Conv1d(width, width, 3, stride=2) for _ in range(layers))

    def forward(self, past: torch.Tensor) -> torch.Tensor:  # (N, L, C)
        x = self.first(past.transpose(1, 2))  # (N, D, L)
        for layer in self.layers:
            odd = x.shape[2] % 2  # counted from the last step, which must stay: zeros go before the first
            x = x[:, :, 1 - odd :: 2] + F.relu(layer(F.pad(x, (1 + odd, 0))))  # (N, D, half of L)
        return x[:, :, -1]  # (N, D)


class TransformerEncoder(nn.Module):
    """Self-attention between seasons: each season of the past is one token, as patches are in PatchTST (Nie 2023)."""

    def __init__(self, width: int, season: int, layers: int = 1, heads: int = 4, tokens: int = 64):
        super().__init__()
        self.season = season
        self.embed = nn.Linear(season * CHANNELS, width)
        self.place = nn.Parameter(0.02 * torch.randn(tokens, width))
        layer = nn.TransformerEncoderLayer(width, heads, 2 * width, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(self, past: torch.Tensor) -> torch.Tensor:  # (N, L, C)
        tokens = past.reshape(len(past), -1, self.season * CHANNELS)  # (N, K, season * C)
        x = self.embed(tokens) + self.place[: tokens.shape[1]]
        return self.encoder(x)[:, -1]  # (N, D)


ENCODERS = {"lstm": LSTMEncoder, "convolution": ConvolutionEncoder, "transformer": TransformerEncoder}


class Head(nn.Module):
    """From the state of the past and the facts of each future step to quantiles that never cross."""

    def __init__(self, width: int, facts: int, horizon: int):
        super().__init__()
        self.step = nn.Parameter(0.1 * torch.randn(horizon, 8))
        self.hidden = nn.Linear(width + facts + 8, 2 * width)
        self.out = nn.Linear(2 * width, len(QUANTILES))

    def forward(self, state: torch.Tensor, facts: torch.Tensor) -> torch.Tensor:  # (N, D), (N, H, F)
        n, horizon, _ = facts.shape
        step = self.step.expand(n, -1, -1)
        x = torch.cat([state[:, None].expand(-1, horizon, -1), facts, step], dim=2)
        low, middle, high = self.out(F.relu(self.hidden(x))).unbind(2)  # (N, H) each
        return torch.stack([middle - F.softplus(low), middle, middle + F.softplus(high)], dim=2)


class Forecaster(nn.Module):
    def __init__(self, encoder: nn.Module, head: Head):
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, past: torch.Tensor, facts: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(past), facts)  # (N, H, Q)


@dataclass
class Network:
    """One encoder with its training: ``fit`` on windows, then ``predict`` quantiles.

    Parameters
    ----------
    kind : a name in `ENCODERS`.
    season, seasons : steps of a season, and how many of them the seasonal mean is over.
    width, learning_rate, weight_decay : as usual; the optimizer is AdamW, its rate falls to zero along a cosine.
    steps, batch : how long is trained, on batches drawn at random from all windows.
    seed : of the initial weights and the batches.
    """

    kind: str
    season: int
    seasons: int = 4
    width: int = 32
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    steps: int = 250
    batch: int = 128
    seed: int = 0

    def fit(self, windows: Windows) -> "Network":
        past, facts, anchor = inputs(windows, self.seasons)
        target = _tensor(windows.target) - anchor
        known = ~torch.isnan(target)
        target = torch.nan_to_num(target)
        with torch.random.fork_rng(devices=[]):  # leaves the caller's random state as it was
            torch.manual_seed(self.seed)
            encoder = ENCODERS[self.kind](self.width, self.season)
            self.model = Forecaster(encoder, Head(self.width, facts.shape[2], facts.shape[1]))
            optimizer = torch.optim.AdamW(
                self.model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
            )
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
            for _ in range(self.steps):
                rows = torch.randint(len(past), (self.batch,))
                loss = pinball_loss(self.model(past[rows], facts[rows]), target[rows], known[rows])
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                optimizer.step()
                schedule.step()
        return self

    def predict(self, windows: Windows) -> np.ndarray:
        """Return quantiles (N, H, Q) in the windows' scaled units."""
        past, facts, anchor = inputs(windows, self.seasons)
        with torch.no_grad():
            parts = [self.model(p, f) for p, f in zip(past.split(1024), facts.split(1024))]
        return (torch.cat(parts) + anchor[..., None]).double().numpy()


@lru_cache(maxsize=4)  # several networks and seeds learn from the same windows
def inputs(windows: Windows, seasons: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return what the networks read: the past (N, L, C), the facts of each future step (N, H, F), the seasonal mean."""
    past = np.stack([windows.past, windows.known, windows.past_holiday], axis=2)
    anchor = seasonal_mean(windows, seasons)
    lags = np.nan_to_num(windows.lags[:, :, :4] - anchor[..., None])
    facts = np.concatenate([windows.future, anchor[..., None], lags, windows.lag_holiday[:, :, :4]], axis=2)
    return _tensor(past), _tensor(facts), _tensor(anchor)


def pinball_loss(forecast: torch.Tensor, target: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """The mean quantile loss over the known values: a gap teaches nothing."""
    levels = torch.tensor(QUANTILES)
    error = target[..., None] - forecast
    loss = torch.maximum(levels * error, (levels - 1) * error).mean(2)
    return (loss * known).sum() / known.sum().clamp(min=1)


def _tensor(values: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float32)
