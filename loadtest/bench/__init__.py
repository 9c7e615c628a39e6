"""Benchmarks of the message log, each beside the cheapest thing MongoDB could have done instead."""
