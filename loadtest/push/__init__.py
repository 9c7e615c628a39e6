"""Push services on this machine that speak their protocols truly, and fail on command."""
