"""What a function is told by its environment; a missing name fails at start and says itself."""

import os


class MissingSettingError(RuntimeError):
    """An environment variable that the deployment must set is not there."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the environment variable {name} is not set; the stack sets it for every deployed function")


def setting(name: str) -> str:
    """The value of a setting. Raises MissingSettingError when it is missing or empty."""
    value = os.environ.get(name, "")
    if not value:
        raise MissingSettingError(name)
    return value


def optional_setting(name: str) -> str:
    """The value of a setting that may be left out; then an empty string."""
    return os.environ.get(name, "")
