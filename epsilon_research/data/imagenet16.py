"""ImageNet16-120: ImageNet's first 120 classes at 16 × 16 pixels, from local files."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from epsilon_research.data.base import IMAGES, Dataset, Minibatch, check_available
from epsilon_research.data.normalisation import IMAGENET16_MEAN, IMAGENET16_STD, normalise
from epsilon_research.restricted_pickle import NUMPY_ARRAYS, load_pickle

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
                    f"which has no file {batch}"
                )

    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """See `Dataset`."""
        images = np.concatenate([_read(Path(self.root) / batch) for batch in _BATCHES])
        check_available(self.name, batch_size=batch_size, available=len(images))
        rows = rng.choice(len(images), size=batch_size, replace=False)
        return Minibatch(
            inputs=normalise(images[rows], mean=IMAGENET16_MEAN, std=IMAGENET16_STD),
            kind=self.kind,
            dataset=self.name,
        )


def _read(path: Path) -> UInt8[np.ndarray, "images 16 16 3"]:
    """The images of one batch that belong to the first classes."""
    what = str(path)
    content = load_pickle(path.read_bytes(), allowed=NUMPY_ARRAYS, what=what, encoding="bytes")
    content = content if isinstance(content, dict) else {}
    parts = {str(k, "ascii") if isinstance(k, bytes) else k: v for k, v in content.items()}
    data, labels = parts.get("data"), parts.get("labels")
    if (
        not isinstance(data, np.ndarray)
        or data.dtype != np.uint8
        or data.ndim != 2
        or data.shape[1] != 3 * _SIDE**2
        or not isinstance(labels, list | np.ndarray)
        or len(labels) != len(data)
    ):
        raise ValueError(
            f"{what} must hold data, uint8 (images, {3 * _SIDE**2}), and as many labels, got "
            f"{getattr(data, 'dtype', None)} {getattr(data, 'shape', '')}: use the official "
            "16x16 version"
        )
    wanted = np.asarray(labels) <= _NUM_CLASSES
    return np.ascontiguousarray(data[wanted].reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1))
