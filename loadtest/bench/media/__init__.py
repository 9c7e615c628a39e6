"""Media: how fast they come in and go out, and whom that holds up."""
