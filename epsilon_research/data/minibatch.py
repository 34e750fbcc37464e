"""The one batch of inputs that every metric sees."""

import hashlib
from dataclasses import dataclass

import numpy as np

IMAGES = "images"
TOKENS = "tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class Minibatch:
    """The one batch that metrics see.

    Args:
        inputs: Images as float32 (batch, channels, height, width), all finite; becomes read-only.
        kind: "images" or "tokens".
        dataset: Name of the dataset it was drawn from.

    Raises:
        ValueError: Images are of another type or shape, or are not finite.
    """

    inputs: np.ndarray
    kind: str
    dataset: str

    def __post_init__(self) -> None:
        inputs = np.ascontiguousarray(self.inputs)
        if self.kind == IMAGES:
            check_images(inputs, what=f"images of {self.dataset}")
        inputs.flags.writeable = False
        object.__setattr__(self, "inputs", inputs)

    @property
    def content_hash(self) -> str:
        """SHA-256 of type, shape and bytes, hex."""
        digest = hashlib.sha256(f"{self.inputs.dtype.str}{self.inputs.shape}".encode())
        digest.update(self.inputs.tobytes())
        return digest.hexdigest()


def check_images(inputs: np.ndarray, *, what: str) -> None:
    """Refuses what is no minibatch of images.

    Args:
        inputs: To be float32 (batch, channels, height, width), all finite.
        what: What they are, for the error message.

    Raises:
        ValueError: They have another type or shape, or are not finite.
    """
    if inputs.dtype != np.float32 or inputs.ndim != 4:
        raise ValueError(
            f"{what} must be float32 (batch, channels, height, width), got {inputs.dtype} "
            f"{inputs.shape}: convert them"
        )
    finite = np.isfinite(inputs)
    if not finite.all():
        wrong = np.argwhere(~finite)
        raise ValueError(
            f"{what} must be finite, got {len(wrong)} values that are NaN or infinite, the first "
            f"in image {wrong[0, 0]} of the minibatch (counted from 0): correct them"
        )
