"""Checks of settings: each refuses a wrong value in one sentence that names a right one."""

from collections.abc import Collection


def check_integer(setting: str, value: object, *, at_least: int, example: int) -> None:
    """Refuse what is not an integer, or is too small; true and false are not integers.

    Args:
        setting: The setting as it is typed, e.g. `search.budget`.
        value: Its value.
        at_least: The smallest value that it may have.
        example: A value that makes sense.

    Raises:
        ValueError: With the setting, its value and the example.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise ValueError(
            f"{setting} must be an integer of {at_least} or more, got {value!r}: "
            f"pass e.g. {setting}={example}"
        )


def check_choice(setting: str, value: object, options: Collection[str]) -> None:
    """Refuse what is none of the options.

    Raises:
        ValueError: With the setting, its value and the options.
    """
    if value not in options:
        raise ValueError(
            f"{setting} must be one of {', '.join(options)}, got {value!r}: choose one of them"
        )


def check_boolean(setting: str, value: object) -> None:
    """Refuse what is neither true nor false.

    Raises:
        ValueError: With the setting and its value.
    """
    if not isinstance(value, bool):
        raise ValueError(
            f"{setting} must be true or false, got {value!r}: pass e.g. {setting}=false"
        )
