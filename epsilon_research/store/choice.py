"""Which store a run uses."""

from pathlib import Path

from epsilon_research.store.base import Store
from epsilon_research.store.folder import FolderStore
from epsilon_research.store.none import NoStore

AUTO = "auto"


def default_folder() -> Path:
    """The user's cache folder for scores, as the system has it."""
    from platformdirs import user_cache_path

    return user_cache_path("epsilon_research") / "store"


def open_store(path: object) -> Store:
    """The store that a setting names: a folder, "auto" for the user's cache folder, or none.

    Raises:
        ValueError: `path` is neither text nor null.
    """
    if path is None or path == "none":
        return NoStore()
    if not isinstance(path, str) or not path.strip():
        raise ValueError(
            f"store must be a folder, auto or none, got {path!r}: pass e.g. store=scores"
        )
    return FolderStore(path=default_folder() if path == AUTO else Path(path).expanduser())
