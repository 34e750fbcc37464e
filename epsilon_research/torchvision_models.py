"""The convolutional classifiers of torchvision: their names, networks and published accuracies.

What `search_space=zoo` and `benchmark=zoo_imagenet_validation` share. torchvision is an extra,
imported when it is first needed.
"""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from epsilon_research.catalogue import suggestion

if TYPE_CHECKING:
    from types import ModuleType

    from torch import nn

VERSION = "0.28.0"
"""Version of torchvision: another one may have other networks under the same names."""

SMALLEST_IMAGE = 75
"""Pixels: inception_v3 takes no smaller images."""

_WITHOUT_CONVOLUTIONAL_BODY = ("maxvit", "swin", "vit")
"""First part of the names of transformers."""

_WEIGHTS = "IMAGENET1K_V1"
"""Trained on ImageNet-1K alone, by each network's own recipe; later weights have longer ones."""

_AUXILIARY_HEADS = ("googlenet", "inception_v3")
"""Networks that have further heads while they are trained, and draw their weights by SciPy."""


@cache
def names() -> tuple[str, ...]:
    """Return the names of all convolutional classifiers, in alphabetical order.

    Raises:
        FileNotFoundError: torchvision is not installed, or another version of it is.
    """
    models = _models()
    return tuple(
        name
        for name in models.list_models(module=models)
        if not name.startswith(_WITHOUT_CONVOLUTIONAL_BODY)
    )


def check_name(text: str) -> str:
    """Return the name that `text` means.

    Raises:
        ValueError: There is no such classifier.
        FileNotFoundError: See `names`.
    """
    name = text.strip()
    if name not in names():
        advice = suggestion(name, names()) or f"write e.g. {names()[0]}"
        raise ValueError(
            f"a network of the zoo must be a convolutional classifier of torchvision {VERSION}, "
            f"got {text[:100]!r}: {advice}"
        )
    return name


def network(name: str, *, num_classes: int) -> "nn.Module":
    """Return an untrained network, without auxiliary heads.

    The weights that layers leave open when they are made are on the device `meta`: they take no
    memory and no time, since whatever is done with the network gives them values of its own.
    Parameters and buffers that are made of numbers have these.

    Args:
        name: One of `names`.
        num_classes: Outputs.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    class OpenOnMeta(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            given = kwargs or {}
            return func(*args, **given | ({"device": "meta"} if func is torch.empty else {}))

    heads = {"aux_logits": False, "init_weights": False} if name in _AUXILIARY_HEADS else {}
    with OpenOnMeta():
        return _models().get_model(name, weights=None, num_classes=num_classes, **heads)


def accuracies() -> dict[str, float | None]:
    """Return the top-1 accuracy of each network's first ImageNet weights; None without such.

    A fraction of the 50,000 validation images of ImageNet-1K, which the weights' metadata states;
    no weights are downloaded.
    """
    return {name: _accuracy(name) for name in names()}


def _accuracy(name: str) -> float | None:
    weights = _models().get_model_weights(name).__members__.get(_WEIGHTS)
    if weights is None:
        return None
    # Stated in percent with three digits, as which the quotient is the nearest float64.
    return round(weights.meta["_metrics"]["ImageNet-1K"]["acc@1"] * 1000) / 100_000


def _installed_version() -> str | None:
    try:
        return version("torchvision").partition("+")[0]
    except PackageNotFoundError:
        return None


@cache
def _models() -> "ModuleType":
    found = _installed_version()
    if found != VERSION:
        raise FileNotFoundError(
            f"the zoo must find torchvision {VERSION}, got {found or 'none installed'}: pip "
            "install 'epsilon_research[zoo]'"
        )
    _define_missing_operators()
    from torchvision import models

    return models


def _define_missing_operators() -> None:
    """Lets torchvision be imported where its compiled operators do not load.

    Its wheel on PyPI is compiled for PyTorch with CUDA. With PyTorch for CPUs alone its operators
    are missing, and its import fails at two that it only describes; no classifier calls them.
    """
    try:
        import torchvision  # noqa: F401  # whether it can be imported is the question
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        import torch

        _missing.append(torch.library.Library("torchvision", "FRAGMENT"))
        for name in ("nms", "qnms"):
            _missing[0].define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


_missing: list[Any] = []
"""What holds the definitions, which end with it."""
