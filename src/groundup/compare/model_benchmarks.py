"""What `groundup bench models` measures: one training step of each model beside its reference implementation.

The same configuration, the same random batch, the same loss, the same optimizer. Whatever is in the batch, a step takes
equally long, if both start from weights of a healthy size. Batches are small, so that all of it ends in minutes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F

from groundup import models
from groundup.compare import references
from groundup.models.auxiliary import total_loss
from groundup.models.decoding import PAD

Batch = tuple[tuple[Tensor, ...], Tensor]  # inputs, and what the loss compares the outcome with


@dataclass(frozen=True)
class ModelBenchmark:
    """A registered model, its reference implementation and a batch.

    Attributes
    ----------
    model : the registered name.
    package : where the reference implementation is.
    reference : builds it from the configuration of ours.
    batch_size : examples a step.
    length : tokens in each example, for language models.
    settings : fields of the configuration that differ from the default.
    """

    model: str
    package: str
    reference: Callable[[Any], nn.Module]
    batch_size: int
    length: int = 0
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> Any:
        """The configuration of both."""
        return replace(models.describe(self.model).config, **self.settings)

    def make(self, engine: str) -> nn.Module:
        """Build ``ours`` or the ``reference``, ready to be trained."""
        return models.create(self.model, **self.settings) if engine == "ours" else self.reference(self.config)

    @property
    def about(self) -> str:
        """Sizes of the batch, in words, and the optimizer."""
        if self.length:
            return f"{self.batch_size} x {self.length} tokens, AdamW"
        side = self.config.image_size
        return f"{self.batch_size} x {side} x {side} pixels, SGD with momentum"

    def batch(self) -> Batch:
        """Draw one batch from torch's generator."""
        config = self.config
        if not self.length:
            side = config.image_size
            x = torch.randn(self.batch_size, config.in_channels, side, side)
            return (x,), torch.randint(config.classes, (self.batch_size,))
        shape = (self.batch_size, self.length)
        if models.describe(self.model).task != "translation":
            return (torch.randint(config.vocabulary, shape),), torch.randint(config.vocabulary, shape)
        first = PAD + 1
        source, target = torch.randint(first, config.vocabulary, shape), torch.randint(first, config.vocabulary, shape)
        source[::2, -self.length // 4 :] = PAD  # every second sentence is a quarter shorter
        return (source, target), torch.randint(first, config.vocabulary, shape)

    def loss(self, outcome: Any, labels: Tensor) -> Tensor:
        """Return the cross-entropy, mean over images or tokens, in nats."""
        if self.length:
            return F.cross_entropy(outcome.flatten(0, 1), labels.flatten())
        return total_loss(outcome, lambda logits: F.cross_entropy(logits, labels))

    def optimizer(self, model: nn.Module) -> optim.Optimizer:
        if self.length:
            return optim.AdamW(model.parameters(), lr=1e-4)
        return optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)

    def step(self, engine: str, seed: int) -> Callable[[], None]:
        """Return a function that trains ``ours`` or the ``reference`` for one step."""
        torch.manual_seed(seed)
        inputs, labels = self.batch()
        model = self.make(engine).train()
        optimizer = self.optimizer(model)

        def step() -> None:
            value = self.loss(model(*inputs), labels)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()

        return step


def _torchvision(model: str, batch_size: int, theirs: str = "", **options: str) -> ModelBenchmark:
    return ModelBenchmark(model, "torchvision", references.torchvision_model(theirs or model, **options), batch_size)


MODEL_BENCHMARKS = {
    benchmark.model: benchmark
    for benchmark in (
        _torchvision("alexnet", 8, dropout="dropout"),
        _torchvision("vgg11", 2, dropout="dropout"),
        _torchvision("vgg16_bn", 2, dropout="dropout"),
        ModelBenchmark("googlenet", "torchvision", references.googlenet, 4),
        _torchvision("resnet18", 4),
        _torchvision("resnet34", 4),
        _torchvision("resnet50", 4),
        _torchvision("densenet121", 4, drop_rate="dropout"),
        _torchvision("mobilenetv2", 4, theirs="mobilenet_v2", dropout="dropout"),
        ModelBenchmark("vit_b16", "torchvision", references.vit, 2),
        ModelBenchmark("vit_cifar", "torchvision", references.vit, 64),
        ModelBenchmark("rnn", "torch", partial(references.Recurrent, kind=nn.RNN), 32, 128),
        ModelBenchmark("gru", "torch", partial(references.Recurrent, kind=nn.GRU), 32, 128),
        ModelBenchmark("lstm", "torch", partial(references.Recurrent, kind=nn.LSTM), 32, 128),
        ModelBenchmark("transformer", "torch", references.Transformer, 8, 32),
        ModelBenchmark("transformer_small", "torch", references.Transformer, 32, 32),
        ModelBenchmark("gpt2", "transformers", references.gpt2, 2, 128),
        ModelBenchmark("gpt_small", "transformers", references.gpt2, 32, 128),
        ModelBenchmark("bert_base", "transformers", references.bert, 2, 128, {"next_sentence": False}),
        ModelBenchmark("bert_small", "transformers", references.bert, 32, 128),
    )
}

# Why the other models are not measured.
NOT_MEASURED = {
    "lenet": "torchvision has no LeNet-5",
    "lstm_medium": "lstm, with other sizes",
    "alexnet_small": "alexnet, with other sizes",
    "vgg11_small": "vgg11, with other sizes",
    "googlenet_small": "googlenet, with other sizes",
    "densenet40": "densenet121, with other sizes and another stem",
    "seq2seq_attention": "no package has the paper's network",
    "seq2seq_attention_small": "no package has the paper's network",
    "resnet20": "torchvision has none of the ResNets for CIFAR",
    "resnet32": "torchvision has none of the ResNets for CIFAR",
    "resnet44": "torchvision has none of the ResNets for CIFAR",
    "resnet56": "torchvision has none of the ResNets for CIFAR",
}
