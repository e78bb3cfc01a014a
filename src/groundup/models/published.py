"""What our tensors are called elsewhere: one mapping for the proofs and for pretrained weights.

A model of ours and its reference implementation (torchvision, transformers) compute the same thing with the same
numbers under different names. ``Published`` is that dictionary: the tests copy random weights through it and require
equal outputs, and ``create(..., pretrained=...)`` reads published files through it. So a file that loads, loads right.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor


class Mismatch(ValueError):
    """Tensors that are missing, left over or of another shape; ``problems`` has a line for each, ours named first."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Published:
    """How the tensors of a model are called in the reference implementation, and where trained ones are published.

    Every pattern is a regular expression that may match anywhere in a key (anchor it with ``^`` and ``$``).

    Parameters
    ----------
    rename : pattern in our key -> its replacement, applied one after the other: what comes out is their key.
        ``{r"^conv1\\b": "features.0"}`` finds our ``conv1.weight`` under their ``features.0.weight``. Two of ours
        may be read from one of theirs: tied weights, which files hold once.
    parts : pattern in our key -> (i, n), if ours is the i-th of n equal parts of theirs along its first axis (as the
        projections for query, key and value that are stored as one). All n parts must be used.
    transposed : patterns of our keys whose matrix is stored the other way round, (I, O) instead of (O, I). It is
        transposed first, then cut into parts.
    reshaped : patterns of our keys that are stored with the same numbers in the same order in another shape.
    ignored : patterns of their keys that we have no use for, such as a mask that can be computed.
    url : a safetensors file with trained weights of the default configuration under these names; or None.
    sha256 : of that file's content; None if it is not known, and then a download cannot be checked.
    also : the same model under still other names.
    """

    rename: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    transposed: tuple[str, ...] = ()
    reshaped: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    url: str | None = None
    sha256: str | None = None
    also: tuple["Published", ...] = ()

    def key(self, ours: str) -> str:
        """Return the name that our tensor ``ours`` has among the published ones."""
        for pattern, replacement in self.rename.items():
            ours = re.sub(pattern, replacement, ours)
        return ours

    def translate(self, theirs: Mapping[str, Tensor], ours: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the published tensors ``theirs`` under the names and in the shapes of ``ours``.

        What holds for weights holds for their gradients too, so gradients can be translated by the same call.

        Raises
        ------
        Mismatch : a tensor of ours finds none of theirs or one of another shape, or one of theirs is not used, in
            whole or in part. Only the counters of batch norm (``num_batches_tracked``) may be missing: older files
            have none, and they play no part in what the model computes.
        """
        found: dict[str, Tensor] = {}
        problems: list[str] = []
        used: dict[str, set[int]] = {}  # their key -> which parts of it
        whole: dict[str, int] = {}  # their key -> how many parts there are
        for name, own in ours.items():
            key = self.key(name)
            if key not in theirs:
                if not name.endswith("num_batches_tracked"):
                    problems.append(f"{name}: there is no {key}")
                continue
            part, parts = next((self.parts[p] for p in self.parts if re.search(p, name)), (0, 1))
            used.setdefault(key, set()).add(part)
            whole[key] = parts
            tensor = theirs[key]
            if _any(self.transposed, name):
                tensor = tensor.mT
            if parts > 1:
                tensor = tensor.tensor_split(parts)[part]
            if _any(self.reshaped, name) and tensor.numel() == own.numel():
                tensor = tensor.reshape(own.shape)
            if tensor.shape != own.shape:
                problems.append(f"{name}: {key} has shape {tuple(tensor.shape)}, expected {tuple(own.shape)}")
            found[name] = tensor
        for key in theirs:
            if key not in used:
                if not _any(self.ignored, key) and not key.endswith("num_batches_tracked"):
                    problems.append(f"nothing here takes {key} {tuple(theirs[key].shape)}")
            elif missing := set(range(whole[key])) - used[key]:
                problems.append(f"nothing here takes part {sorted(missing)} of {whole[key]} of {key}")
        if problems:
            raise Mismatch(problems)
        return found

    def load(self, model: torch.nn.Module, theirs: Mapping[str, Tensor]) -> None:
        """Copy published tensors into ``model``, all of them or none; errors as in :meth:`translate`."""
        state = model.state_dict()
        model.load_state_dict(state | self.translate(theirs, state))


def _any(patterns: tuple[str, ...], key: str) -> bool:
    return any(re.search(pattern, key) for pattern in patterns)
