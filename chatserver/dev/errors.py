"""The one error of the development commands."""


class DevError(Exception):
    """Something on this machine is in the way; the message is a sentence saying what to do."""
