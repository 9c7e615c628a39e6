"""What is the same for all rivals."""

EVENT_BYTES = 180
"""An event on the wire, with the header of its frame."""

ROOM = "d" * 31
"""The room of rivals that let clients name one, as long as the id of a conversation."""
