"""The way in by clock: loops that follow the log."""
