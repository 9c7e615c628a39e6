"""Telling people who do not look: who has to be told of what, whether now, and by which way."""
