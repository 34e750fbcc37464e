"""The synthetic inputs of the paper's ablation; none of them is normalised."""

from dataclasses import dataclass

import numpy as np

from epsilon_research.checks import check_number
from epsilon_research.data.base import IMAGES, Dataset, Minibatch, check_image_size, image_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GreyScale(Dataset):
    """A ramp: image i is the constant i / batch_size in every channel and pixel."""

    image_size: int = 32
    name: str = "grey_scale"
    kind: str = IMAGES

    def __post_init__(self) -> None:
        check_image_size(self.image_size)

    @property
    def sample_bytes(self) -> int:
        """See `Dataset`."""
        return image_bytes(self.image_size)

    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """See `Dataset`; nothing is random."""
        shades = (np.arange(batch_size) / batch_size).astype(np.float32)
        shape = (batch_size, 3, self.image_size, self.image_size)
        inputs = np.broadcast_to(shades[:, None, None, None], shape)
        return Minibatch(inputs=inputs, kind=self.kind, dataset=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomNormal(Dataset):
    """Independent standard normal numbers."""

    image_size: int = 32
    name: str = "random_normal"
    kind: str = IMAGES

    def __post_init__(self) -> None:
        check_image_size(self.image_size)

    @property
    def sample_bytes(self) -> int:
        """See `Dataset`."""
        return image_bytes(self.image_size)

    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """See `Dataset`."""
        shape = (batch_size, 3, self.image_size, self.image_size)
        inputs = rng.standard_normal(shape, dtype=np.float32)
        return Minibatch(inputs=inputs, kind=self.kind, dataset=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomUniform(Dataset):
    """Independent uniform numbers between `low` and `high`.

    The paper has two: −1 to 1 (random_uniform) and 0 to 1 (random_uniform_positive).
    """

    low: float
    high: float
    name: str
    image_size: int = 32
    kind: str = IMAGES

    def __post_init__(self) -> None:
        check_image_size(self.image_size)
        check_number("dataset.low", self.low, example=-1)
        check_number("dataset.high", self.high, above=self.low, example=1)

    @property
    def sample_bytes(self) -> int:
        """See `Dataset`."""
        return image_bytes(self.image_size)

    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """See `Dataset`."""
        shape = (batch_size, 3, self.image_size, self.image_size)
        inputs = self.low + (self.high - self.low) * rng.random(shape, dtype=np.float32)
        return Minibatch(inputs=inputs.astype(np.float32), kind=self.kind, dataset=self.name)
