"""The user's cache folder of the project, as the system has it."""

from pathlib import Path


def user_cache() -> Path:
    """Return the folder, which need not exist yet."""
    # Imported late: most runs need it for the default store only.
    from platformdirs import user_cache_path

    return user_cache_path("epsilon_research")
