"""Arrays and texts of users: .npy files of images and of token ids, and words."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from epsilon_research.data.npy import Npy, map_npy
from epsilon_research.data.user_tokens import UserTokens
from tests.fuzz.target import Target, answered, in_file


def _map(data: bytes) -> None:
    with answered():
        found = map_npy(in_file(data, "any.npy"))
        assert found.nbytes <= len(data)


def _images(data: bytes) -> None:
    path = str(in_file(data, "images.npy"))
    with answered():
        dataset = Npy(path=path)
        dataset.check(batch_size=3)
        dataset.draw(batch_size=3, rng=np.random.default_rng(0))


def _labels(data: bytes) -> None:
    images = Path(in_file(_saved(np.zeros((2, 3, 2, 2), np.float32)), "right.npy"))
    path = str(in_file(data, "labels.npy"))
    with answered():
        dataset = Npy(path=str(images), labels_path=path)
        dataset.check(batch_size=3)
        dataset.draw(batch_size=3, rng=np.random.default_rng(0))


def _tokens(name: str) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        path = str(in_file(data, name))
        with answered():
            dataset = UserTokens(path=path, sequence_length=2)
            dataset.check(batch_size=3)
            dataset.tokens(batch_size=3, rng=np.random.default_rng(0))

    return run


def _saved(array: np.ndarray, *, version: tuple[int, int] = (1, 0)) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=version)
    return buffer.getvalue()


def _header(text: str) -> bytes:
    """A file of no data whose header says `text`."""
    body = text.encode("latin1") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body


def _image_seeds() -> Sequence[bytes]:
    return [
        _saved(np.linspace(0, 1, 48, dtype=np.float32).reshape(2, 3, 2, 4)),
        _saved(np.arange(36, dtype=np.uint8).reshape(3, 2, 2, 3)),
        _saved(np.zeros((2, 2, 2, 3), np.uint8, order="F")),
        _saved(np.zeros((2, 2, 2, 3), np.uint8), version=(3, 0)),
        _header("{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 32, 32, 3), }"),
        _header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"),
        _header("{'descr': [('a', '<f4', (3, 3))], 'fortran_order': False, 'shape': (1L,), }"),
    ]


def _id_seeds() -> Sequence[bytes]:
    return [
        _saved(np.arange(12)),
        _saved(np.arange(12, dtype=np.uint16).reshape(4, 3)),
        _saved(np.array([2**62] * 8)),
        _saved(np.array([2**64 - 1] * 8, np.uint64)),
        _saved(np.array([-1] * 8, np.int8)),
    ]


TARGETS = (
    Target(name="npy", run=_map, seeds=lambda: [*_image_seeds(), *_id_seeds()]),
    Target(name="npy_images", run=_images, seeds=_image_seeds),
    Target(name="npy_labels", run=_labels, seeds=lambda: [_saved(np.array([0, 1])), *_id_seeds()]),
    Target(name="npy_tokens", run=_tokens("ids.npy"), seeds=_id_seeds),
    Target(
        name="text_tokens",
        run=_tokens("words.txt"),
        seeds=lambda: [b"the cat sat\non the mat\n", "ä ö\u2028ü\r\n\x85".encode() * 4, b"\xff"],
    ),
)
