"""The way in by socket: connect, authenticate, one frame to one service call."""
