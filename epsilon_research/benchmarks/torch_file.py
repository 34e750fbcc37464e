"""Files that `torch.save` wrote, read without PyTorch and without trusting them."""

import io
import pickletools
import zipfile
from pathlib import Path
from typing import Any

from epsilon_research.bounded_zip import Limits, open_zip
from epsilon_research.restricted_pickle import NUMPY_SCALARS, load_pickle

_LARGEST_FILE = 1024**3
_LIMITS = Limits(
    num_members=1,
    member_bytes=_LARGEST_FILE,
    total_bytes=_LARGEST_FILE,
    archive_bytes=_LARGEST_FILE,
)

_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""The first pickle of a file of PyTorch before 1.6: an integer of theirs."""
_PICKLES_BEFORE = 3
"""The magic number, the version and what the machine was like; the object is the fourth."""


def load_torch_file(path: Path, *, setting: str) -> Any:
    """Return the object in a file of `torch.save`: containers, text and numbers.

    A zip archive as PyTorch writes it since 1.6, the pickles that it wrote before, or one plain
    pickle. Tensors are refused.

    Args:
        path: An existing file.
        setting: What set the path, for error messages.

    Raises:
        ValueError: The file is larger than a gibibyte, damaged, or names anything but such values.
    """
    what = f"{setting} {path}"
    size = path.stat().st_size
    if size > _LARGEST_FILE:
        raise ValueError(
            f"{what} must have at most {_LARGEST_FILE:,} bytes, got {size:,}: it is another file"
        )
    content = _from_zip(path, setting) if zipfile.is_zipfile(path) else path.read_bytes()
    if content.startswith(_MAGIC):
        content = _fourth_pickle(content, what)
    return load_pickle(content, allowed=NUMPY_SCALARS, what=what)


def _from_zip(path: Path, setting: str) -> bytes:
    with open_zip(
        path, choose=lambda name: name.name == "data.pkl", limits=_LIMITS, setting=setting
    ) as archive:
        if not archive.members:
            raise ValueError(
                f"{setting} {path} must be a file of torch.save, got a zip archive without "
                "data.pkl: pass the original file"
            )
        with archive.open(archive.members[0]) as handle:
            return handle.read()


def _fourth_pickle(content: bytes, what: str) -> bytes:
    stream = io.BytesIO(content)
    try:
        for _ in range(_PICKLES_BEFORE):
            for _ in pickletools.genops(stream):
                pass
    except ValueError as error:
        reason = " ".join(str(error).split())[:120]
        raise ValueError(
            f"{what} must be a whole file of torch.save, got {reason!r}: it is damaged, get it "
            "again"
        ) from error
    return stream.read()
