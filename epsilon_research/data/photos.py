"""Crops of the two photographs that scikit-learn ships: natural images without any download."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from epsilon_research.checks import check_integer
from epsilon_research.data.base import IMAGES, Dataset, Minibatch, check_image_size, image_bytes
from epsilon_research.data.normalisation import CIFAR10_MEAN, CIFAR10_STD, normalise

_PHOTOGRAPH_HEIGHT = 427
"""Pixels; both photographs are 427 × 640."""


def load_photographs() -> list[UInt8[np.ndarray, "height width 3"]]:
    """Return the photographs china.jpg and flower.jpg.

    References:
        scikit-learn's `load_sample_images`; both photographs are licensed CC BY 2.0, from the
        Flickr users danielbuechele (china.jpg) and vultilion (flower.jpg).
    """
    from PIL import Image

    # scikit-learn takes two seconds to import: its files are enough.
    found = find_spec("sklearn")
    assert found is not None  # this package depends on it
    assert found.origin is not None
    folder = Path(found.origin).parent / "datasets" / "images"
    return [np.asarray(Image.open(folder / name)) for name in ("china.jpg", "flower.jpg")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos(Dataset):
    """Square crops of random position and size, shrunk to CIFAR's size, normalised like CIFAR-10.

    Each crop is of either photograph with equal chance, of a side between `min_crop` and
    `max_crop` pixels (uniform), anywhere in it. Small crops are the better minibatch: large ones
    look alike once they are shrunk.

    Args:
        min_crop: Smallest side of a crop in pixels of the photograph.
        max_crop: Largest side; the photographs are 427 × 640.
        image_size: Side of the images that come out.
    """

    min_crop: int = 32
    max_crop: int = 96
    image_size: int = 32
    name: str = "photos"
    kind: str = IMAGES

    def __post_init__(self) -> None:
        check_image_size(self.image_size)
        sides = (("min_crop", self.min_crop, 32), ("max_crop", self.max_crop, 96))
        for name, side, example in sides:
            check_integer(
                f"dataset.{name}", side, at_least=1, at_most=_PHOTOGRAPH_HEIGHT, example=example
            )
        if self.min_crop > self.max_crop:
            raise ValueError(
                "dataset.min_crop must be at most dataset.max_crop, got "
                f"{self.min_crop} and {self.max_crop}: pass e.g. 32 and 96"
            )

    @property
    def sample_bytes(self) -> int:
        """See `Dataset`."""
        return image_bytes(self.image_size)

    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """See `Dataset`; any batch size."""
        photographs = load_photographs()
        crops = np.stack([self._crop(photographs, rng) for _ in range(batch_size)])
        return Minibatch(
            inputs=normalise(crops, mean=CIFAR10_MEAN, std=CIFAR10_STD),
            kind=self.kind,
            dataset=self.name,
        )

    def _crop(
        self, photographs: list[np.ndarray], rng: np.random.Generator
    ) -> UInt8[np.ndarray, "size size 3"]:
        from PIL import Image

        photograph = photographs[int(rng.integers(len(photographs)))]
        side = int(rng.integers(self.min_crop, self.max_crop + 1))
        top = int(rng.integers(photograph.shape[0] - side + 1))
        left = int(rng.integers(photograph.shape[1] - side + 1))
        crop = Image.fromarray(photograph[top : top + side, left : left + side])
        # Integer arithmetic in Pillow, so the same bytes on every machine. Its box filter weighs
        # pixels by 0 or 1: the mean over areas, to one grey level, when `side` is a multiple of
        # `image_size`; else off by 2 levels on average, which moves epsilon's ρ less than a seed.
        size = (self.image_size, self.image_size)
        return np.asarray(crop.resize(size, Image.Resampling.BOX))
