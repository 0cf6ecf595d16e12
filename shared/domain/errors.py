"""The errors that Hearback's rules raise; each is turned into an HTTP status in one place."""


class HearbackError(Exception):
    """What every error of the domain is."""


class InvalidError(HearbackError):
    """The caller sent something that cannot be; `fields` names what and says why."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name} {', '.join(why)}" for name, why in fields.items()))
        self.fields = fields


class NotFoundError(HearbackError):
    """There is no such thing in this project."""


class ConflictError(HearbackError):
    """The thing changed meanwhile, or is in a state that does not allow the move."""


class BusyError(HearbackError):
    """Too many writers met; nothing was written and the call may be repeated."""


class TooManyError(HearbackError):
    """Written to too often; nothing was written, and nothing will be for `seconds`, with 0 never again."""

    def __init__(self, seconds: int) -> None:
        super().__init__("written to too often")
        self.seconds = seconds


class BadLinkError(HearbackError):
    """A link that was not made by this installation, or not for this purpose."""
