"""The engine beside its rivals: the complete product, other servers, and the floor, in one run."""
