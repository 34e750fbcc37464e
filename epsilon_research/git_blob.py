"""Files of public repositories, known by git's own name for their content."""

import hashlib
import logging
from pathlib import Path
from typing import Any

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


def check_git_blob(path: Path, *, blob_id: str) -> None:
    """Refuses a file with another content.

    Raises:
        ValueError: The id differs.
        OSError: The file cannot be read.
    """
    found = git_blob_id(path)
    if found != blob_id:
        raise ValueError(
            f"{path} must be the official file (git blob {blob_id}), got git blob {found}: it is "
            "damaged or another version, delete it and download it again"
        )


def fetch_git_blob(url: str, *, blob_id: str, name: str, advice: str) -> Path:
    """A file of a public repository, downloaded once to the user's cache.

    It is checked before every use; one that was damaged since is downloaded again.

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
    if path.is_file() and git_blob_id(path) != blob_id:
        logger.warning("%s is not the official file any more and is downloaded again", path)
        path.unlink()
    downloader: Any = pooch.HTTPDownloader(progressbar=True, timeout=30)
    try:
        # Pooch checks hashes of the content alone, which git's is not.
        pooch.retrieve(url, known_hash=None, fname=name, path=path.parent, downloader=downloader)
    except (OSError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise FileNotFoundError(
            f"{name} must be downloaded once from {url}, got {reason!r}: {advice}"
        ) from error
    check_git_blob(path, blob_id=blob_id)
    return path
