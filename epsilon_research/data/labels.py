"""Labels of a minibatch: the dataset's own, or seeded ones where it has none."""

import numpy as np
from jaxtyping import Int64

from epsilon_research.data.minibatch import Minibatch


def labels_of(minibatch: Minibatch, *, num_classes: int) -> Int64[np.ndarray, " batch"]:
    """Return the class of each image of `minibatch`, from 0.

    A dataset without labels gets pseudo-labels: each class with equal chance, drawn from a
    generator that the images' content seeds, so that a minibatch always has the same ones.

    Raises:
        ValueError: A label of the dataset is not below `num_classes`.
    """
    if minibatch.labels is None:
        seed = int(minibatch.content_hash[:16], 16)
        return np.random.default_rng(seed).integers(num_classes, size=minibatch.num_samples)
    highest = int(minibatch.labels.max())
    if highest >= num_classes:
        raise ValueError(
            f"labels of {minibatch.dataset} must be below {num_classes}, the number of outputs of "
            f"the networks, got {highest}: pass search_space.space.num_classes={highest + 1} or "
            "more, or choose another dataset"
        )
    return minibatch.labels
