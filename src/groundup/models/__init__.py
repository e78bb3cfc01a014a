"""Part 2: the models that made history in PyTorch, one paper a file.

>>> from groundup.models import create
>>> model = create("lenet", classes=10)

``create("resnet18", pretrained=True)`` fills it with published weights, see ``groundup.models.pretrained``.

A new model is one file beside this one and one line below: importing the file is what registers its names.
"""

from groundup.models import alexnet as _alexnet  # noqa: F401
from groundup.models import bert as _bert  # noqa: F401
from groundup.models import densenet as _densenet  # noqa: F401
from groundup.models import googlenet as _googlenet  # noqa: F401
from groundup.models import gpt2 as _gpt2  # noqa: F401
from groundup.models import gru as _gru  # noqa: F401
from groundup.models import lenet as _lenet  # noqa: F401
from groundup.models import lstm as _lstm  # noqa: F401
from groundup.models import mobilenetv2 as _mobilenetv2  # noqa: F401
from groundup.models import resnet as _resnet  # noqa: F401
from groundup.models import rnn as _rnn  # noqa: F401
from groundup.models import seq2seq_attention as _seq2seq_attention  # noqa: F401
from groundup.models import transformer as _transformer  # noqa: F401
from groundup.models import vgg as _vgg  # noqa: F401
from groundup.models import vit as _vit  # noqa: F401
from groundup.models.registry import Card, count_parameters, create, describe, names, register

__all__ = ["Card", "count_parameters", "create", "describe", "names", "register"]
