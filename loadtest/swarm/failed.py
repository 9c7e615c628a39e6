"""What ends a measurement without a figure."""


class Failed(Exception):
    """A server did not do what was to be measured; the sentence says what."""
