"""The one batch of inputs that every metric sees."""

import hashlib
from dataclasses import dataclass

import numpy as np

IMAGES = "images"
TOKENS = "tokens"

MIN_BATCH_SIZE = 3
"""Min-max normalisation turns the outputs for any two inputs into 0 and 1, whatever the weight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minibatch:
    """The one batch that metrics see.

    Args:
        inputs: Images as float32 (batch, channels, height, width), or tokens that are embedded
            already as float32 or float64 (time, batch, embedding size); all finite, becomes
            read-only.
        kind: "images" or "tokens".
        dataset: Name of the dataset it was drawn from.
        labels: int64 (batch), the class of each image, from 0, becomes read-only; None where the
            dataset has none, and for tokens.

    Raises:
        ValueError: Inputs or labels are of another type or shape, or are not finite, or there are
            fewer than three samples.
    """

    inputs: np.ndarray
    kind: str
    dataset: str
    labels: np.ndarray | None = None

    def __post_init__(self) -> None:
        inputs = np.ascontiguousarray(self.inputs)
        if self.kind == IMAGES:
            check_images(inputs, what=f"images of {self.dataset}")
        elif self.kind == TOKENS:
            check_tokens(inputs, what=f"tokens of {self.dataset}")
            if self.labels is not None:
                raise ValueError(
                    f"labels of {self.dataset} must be None, since tokens have no classes, got "
                    "some: leave them out"
                )
        else:
            raise ValueError(
                f"the kind of a minibatch must be {IMAGES} or {TOKENS}, got {self.kind!r}: choose "
                "one of the two"
            )
        check_batch_size(self.num_samples)
        inputs.flags.writeable = False
        object.__setattr__(self, "inputs", inputs)
        if self.labels is not None:
            labels = np.array(self.labels)
            check_labels(labels, num_images=len(inputs), what=f"labels of {self.dataset}")
            labels.flags.writeable = False
            object.__setattr__(self, "labels", labels)

    @property
    def num_samples(self) -> int:
        """Images, or sequences of tokens: the `batch_size` that it was drawn with."""
        return self.inputs.shape[1 if self.kind == TOKENS else 0]

    @property
    def num_outputs(self) -> int:
        """Values of a network with one output: one per image, or one per token of each sequence."""
        return self.inputs.shape[0] * (self.inputs.shape[1] if self.kind == TOKENS else 1)

    @property
    def description(self) -> str:
        """Its contents in words, e.g. "256 sequences of 70 tokens of ptb"."""
        if self.kind == TOKENS:
            return f"{self.num_samples} sequences of {len(self.inputs)} tokens of {self.dataset}"
        return f"{self.num_samples} images of {self.dataset}"

    @property
    def content_hash(self) -> str:
        """SHA-256 of the inputs' type, shape and bytes, hex; labels do not count."""
        return _hash(self.inputs)

    @property
    def labels_hash(self) -> str | None:
        """SHA-256 of the labels' type, shape and bytes, hex; None without labels."""
        return None if self.labels is None else _hash(self.labels)


def _hash(array: np.ndarray) -> str:
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(array.tobytes())
    return digest.hexdigest()


def check_batch_size(batch_size: int) -> None:
    """Refuse a minibatch on which every epsilon score would be 0 or undefined.

    Raises:
        ValueError: `batch_size` is below 3.
    """
    if batch_size < MIN_BATCH_SIZE:
        raise ValueError(
            f"batch_size must be at least {MIN_BATCH_SIZE}, since min-max normalisation turns the "
            f"outputs for any two inputs into 0 and 1, got {batch_size}: raise it"
        )


def check_labels(labels: np.ndarray, *, num_images: int, what: str) -> None:
    """Refuses what cannot be labels of a minibatch of images.

    Args:
        labels: What must be int64 (images), at least 0.
        num_images: How many images there are.
        what: What they are, for the error message.

    Raises:
        ValueError: They have another type or shape, or are negative.
    """
    if labels.dtype != np.int64 or labels.shape != (num_images,):
        raise ValueError(
            f"{what} must be int64 ({num_images},), one for each image, got {labels.dtype} "
            f"{labels.shape}: convert them"
        )
    if num_images and labels.min() < 0:
        raise ValueError(
            f"{what} must be classes counted from 0, got {labels.min()}: renumber them"
        )


def check_images(inputs: np.ndarray, *, what: str) -> None:
    """Refuses what is not a minibatch of images.

    Args:
        inputs: What must be float32 (batch, channels, height, width), all finite.
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


def check_tokens(inputs: np.ndarray, *, what: str) -> None:
    """Refuses what is not a minibatch of embedded tokens.

    Args:
        inputs: What must be float32 or float64 (time, batch, embedding size), not empty, finite.
        what: What they are, for the error message.

    Raises:
        ValueError: They have another type or shape, or are not finite.
    """
    if inputs.dtype not in (np.float32, np.float64) or inputs.ndim != 3 or not inputs.size:
        raise ValueError(
            f"{what} must be float32 or float64 (time, batch, embedding size), got {inputs.dtype} "
            f"{inputs.shape}: embed them"
        )
    finite = np.isfinite(inputs)
    if not finite.all():
        wrong = np.argwhere(~finite)
        raise ValueError(
            f"{what} must be finite, got {len(wrong)} values that are NaN or infinite, the first "
            f"at time {wrong[0, 0]} of sample {wrong[0, 1]} (counted from 0): correct the embedding"
        )
