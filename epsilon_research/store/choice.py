"""Which store a run uses."""

from pathlib import Path

from epsilon_research.checks import check_text
from epsilon_research.store.base import Store
from epsilon_research.store.folder import FolderStore
from epsilon_research.store.none import NoStore
from epsilon_research.user_cache import user_cache

AUTO = "auto"


def default_folder() -> Path:
    """Return the user's cache folder for scores."""
    return user_cache() / "store"


def open_store(path: object) -> Store:
    """Return the store that a setting names: a folder, "auto" for the user's cache folder, or none.

    Raises:
        ValueError: `path` is neither text nor null.
    """
    if path is None or path == "none":
        return NoStore()
    folder = check_text("store", path, what="a folder, auto or none", example="scores")
    return FolderStore(path=default_folder() if folder == AUTO else Path(folder).expanduser())
