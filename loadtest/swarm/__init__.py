"""Lean clients for load: thousands in one process, so that the server is what limits."""
