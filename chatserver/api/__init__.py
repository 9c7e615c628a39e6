"""The way in by request: HTTP beside the socket."""
