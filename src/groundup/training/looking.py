"""Look inside a trained network: what its layers make of an image, and where its attention goes."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from groundup.errors import unknown_name
from groundup.models.attention import attention_maps
from groundup.training.evaluation import evaluation_mode


@torch.no_grad()
def feature_maps(model: nn.Module, x: Tensor, layers: Sequence[str] = ()) -> dict[str, Tensor]:
    """Return what layers of ``model`` put out for images x (N, C, H, W), in the order in which they run.

    Parameters
    ----------
    layers : names of modules inside the model. By default the last that makes pictures of each size: as a network
        goes from many pixels to few, that is a look at each of its stages.

    Returns
    -------
    Name -> output, on the CPU; for the default layers (N, maps, H', W') with more than one pixel.

    Raises
    ------
    UsageError : the model has no layer of such a name.
    """
    modules = dict(model.named_modules())
    for name in layers:
        if name not in modules:
            raise unknown_name("layer", name, [known for known in modules if known])
    outputs: dict[str, Tensor] = {}

    def keep(name: str):
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            if isinstance(output, Tensor):
                outputs[name] = output.detach().float().cpu()

        return hook

    hooks = [module.register_forward_hook(keep(name)) for name, module in modules.items() if name]
    try:
        with evaluation_mode(model):
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    if layers:
        return {name: outputs[name] for name in outputs if name in layers}
    last_of_size = {
        output.shape[2:]: name for name, output in outputs.items() if output.ndim == 4 and output.shape[2:].numel() > 1
    }
    return {name: outputs[name] for name in outputs if name in last_of_size.values()}


@torch.no_grad()
def attention(model: nn.Module, *inputs: Tensor) -> dict[str, Tensor]:
    """Return the attention weights (N, heads, T, S) of each attention layer of ``model`` for one forward pass.

    An empty dictionary for a model without attention. Each row of T queries says how much it takes from S keys.
    """
    with evaluation_mode(model), attention_maps(model) as maps:
        model(*inputs)
    return {name: calls[0].float().cpu() for name, calls in maps.items() if calls}


def rollout(maps: Sequence[Tensor]) -> Tensor:
    """Follow attention through layers of self-attention, from the last down to the input: (N, T, T).

    R = Π_l (A_l + I) / 2, the last layer leftmost, with A_l the mean over the heads: half of what a place knows comes
    from the places it attends to, half it keeps by the residual connection (Abnar and Zuidema 2020, "Quantifying
    attention flow in Transformers", section 3). Row t: how much place t of the output has of each place of the input.
    """
    means = [weights.mean(dim=1) for weights in maps]  # (N, T, T) each
    flow = torch.eye(means[0].shape[-1]).expand_as(means[0])
    for weights in means:
        flow = (weights + torch.eye(weights.shape[-1])) / 2 @ flow
    return flow
