"""What is the same for all rivals."""

EVENT_BYTES = 180
"""An event on the wire, with the header of its frame."""

ROOM = "r" * 31
"""The room of all rivals, as long as the id of a conversation; some let clients name it."""
