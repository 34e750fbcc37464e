"""The convolutional classifiers of torchvision, from AlexNet to EfficientNetV2, as a space."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from epsilon_research.checks import check_integer
from epsilon_research.programs import Program
from epsilon_research.spaces.base import SearchSpace
from epsilon_research.torchvision_models import SMALLEST_IMAGE, check_name, names, network


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoo(SearchSpace):
    """The 68 convolutional classifiers of torchvision 0.28; an id is its name, `resnet18`.

    Networks are as torchvision defines them, without the auxiliary heads of googlenet and
    inception_v3, which no output of theirs depends on. ConvNeXt is one of them though its
    architecture is a transformer's; networks with attention (ViT, Swin, MaxViT) are not.

    Args:
        image_size: Pixels of a side of the images. Adaptive pools and flattened maps make each
            network another program for images of another size.
        num_classes: Outputs of the trained networks.

    References:
        https://docs.pytorch.org/vision/0.28/models.html
    """

    name: str = "zoo"
    title: str = "torchvision's classifiers"
    input_kind: str = "images"
    image_size: int = 96
    num_classes: int = 1000
    enumerated_as_published = False

    def __post_init__(self) -> None:
        check_integer(
            "search_space.space.image_size", self.image_size, at_least=SMALLEST_IMAGE, example=96
        )
        check_integer("search_space.space.num_classes", self.num_classes, at_least=1, example=1000)

    @property
    def only_image_size(self) -> int:
        """See `SearchSpace`."""
        return self.image_size

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`; in alphabetical order."""
        return names()

    def parse(self, text: str) -> str:
        """See `SearchSpace`."""
        return check_name(text)

    def program(self, architecture_id: str, *, num_outputs: int) -> Program:
        """See `SearchSpace`."""
        return _program(self.parse(architecture_id), self.image_size, num_outputs)

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; the name is the only gene."""
        others = [name for name in names() if name != self.parse(architecture_id)]
        return others[int(rng.integers(len(others)))]


# Reading a network of a thousand layers takes seconds, and a run asks for it several times.
@cache
def _program(name: str, image_size: int, num_outputs: int) -> Program:
    from epsilon_research.programs.tracing import from_torch  # imports PyTorch

    return from_torch(
        network(name, num_classes=num_outputs), channels=3, height=image_size, width=image_size
    )
