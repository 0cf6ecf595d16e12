"""What stops a command, told to the person who typed it."""


class CommandError(Exception):
    """The command cannot go on; the message says why and what to do, without a traceback."""
