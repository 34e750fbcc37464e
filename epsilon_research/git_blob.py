"""Files of public repositories, known by git's own name for their content."""

import hashlib
import logging
import os
from pathlib import Path
from typing import Any

from epsilon_research.atomic_file import ASIDE_SUFFIX

logger = logging.getLogger(__name__)

_BYTES_AT_ONCE = 1 << 20


def git_blob_id(path: Path) -> str:
    """The SHA-1 of `blob <size>`, a zero byte and the content, hex.

    Raises:
        OSError: The file cannot be read.
    """
    # Git's choice; here it tells damage apart, it is no signature.
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as handle:
        while piece := handle.read(_BYTES_AT_ONCE):
            digest.update(piece)
    return digest.hexdigest()


def check_git_blob(path: Path, *, blob_id: str, what: str, advice: str) -> None:
    """Refuses a file with another content.

    Args:
        path: The file.
        blob_id: Git's id of the content that it must have.
        what: Where the file is from, for the error message.
        advice: What else to do, for the error message.

    Raises:
        ValueError: The id differs.
        OSError: The file cannot be read.
    """
    found = git_blob_id(path)
    if found != blob_id:
        raise ValueError(
            f"{what} must give the official file (git blob {blob_id}), got git blob {found}: try "
            f"again, or {advice}"
        )


def fetch_git_blob(url: str, *, blob_id: str, name: str, advice: str) -> Path:
    """A file of a public repository, downloaded once to the user's cache.

    It is checked before it gets its name and before every later use; one that was damaged since is
    downloaded again.

    Args:
        url: Where the file is.
        blob_id: Git's id of its content.
        name: Of the file in the cache.
        advice: What to do without a network, for the error message.

    Raises:
        FileNotFoundError: It cannot be downloaded.
        ValueError: What was downloaded has another content.
    """
    import pooch

    path = Path(pooch.os_cache("epsilon_research")) / name
    if path.is_file():
        if git_blob_id(path) == blob_id:
            return path
        logger.warning("%s is not the official file any more and is downloaded again", path)
    aside = path.with_name(f".{name}.{os.getpid()}{ASIDE_SUFFIX}")
    try:
        _download(url, aside, advice=advice)
        check_git_blob(aside, blob_id=blob_id, what=url, advice=advice)
        aside.replace(path)
    finally:
        if aside.is_file():
            aside.unlink()
    return path


def _download(url: str, path: Path, *, advice: str) -> None:
    import pooch

    logger.info("downloading %s", url)
    # Not pooch.retrieve, which knows hashes of the content alone; git's is none.
    downloader: Any = pooch.HTTPDownloader(progressbar=True, timeout=30)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        downloader(url, str(path), None)
    except (OSError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise FileNotFoundError(
            f"{url} must be downloaded once, got {reason!r}: try again with a network, or {advice}"
        ) from error
