"""ImageNet16-120: ImageNet's first 120 classes at 16 × 16 pixels, from local files."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from epsilon_research.data.base import IMAGES, Dataset, Minibatch, check_available
from epsilon_research.data.normalisation import IMAGENET16_MEAN, IMAGENET16_STD, normalise
from epsilon_research.data.pickled_batch import images_of_batch, labels_of_batch, load_batch

_NUM_CLASSES = 120
_SIDE = 16
_BATCHES = tuple(f"train_data_batch_{number}" for number in range(1, 11))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageNet16(Dataset):
    """Training images of the first 120 classes; a minibatch is drawn without replacement.

    Args:
        root: The folder with the official batches `train_data_batch_1` to `_10` (pickled
            dictionaries with `data`, uint8 (images, 768), and `labels`, 1-based).

    References:
        Chrabaszcz et al., "A Downsampled Variant of ImageNet", 2017; the 120 classes as in
        Dong and Yang, "NAS-Bench-201", ICLR 2020.
    """

    root: str
    name: str = "imagenet16_120"
    kind: str = IMAGES

    def check(self, *, batch_size: int) -> None:
        """See `Dataset`; the batches must exist."""
        Dataset.check(self, batch_size=batch_size)
        for batch in _BATCHES:
            if not (Path(self.root) / batch).is_file():
                raise FileNotFoundError(
                    f"dataset.root must be the folder of ImageNet16's batches, got {self.root!r}, "
                    f"which has no file {batch}: pass the folder of the 16x16 version's training "
                    "batches"
                )

    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """See `Dataset`."""
        batches = [_read(Path(self.root) / batch) for batch in _BATCHES]
        images = np.concatenate([batch[0] for batch in batches])
        labels = np.concatenate([batch[1] for batch in batches])
        check_available(self.name, batch_size=batch_size, available=len(images))
        rows = rng.choice(len(images), size=batch_size, replace=False)
        return Minibatch(
            inputs=normalise(images[rows], mean=IMAGENET16_MEAN, std=IMAGENET16_STD),
            kind=self.kind,
            dataset=self.name,
            labels=labels[rows],
        )


def _read(path: Path) -> tuple[UInt8[np.ndarray, "images 16 16 3"], Int64[np.ndarray, " images"]]:
    """The images of one batch that belong to the first classes, and their labels from 0."""
    what = str(path)
    batch = load_batch(path.read_bytes(), what=what)
    images = images_of_batch(batch, side=_SIDE, what=what)
    # Labels counted from 0 would let in a class that is not one of the 120.
    labels = labels_of_batch(batch, key="labels", first=1, num_images=len(images), what=what)
    chosen = labels <= _NUM_CLASSES
    return images[chosen], labels[chosen] - 1
