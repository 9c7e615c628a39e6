"""Rehearsals, benchmarks and the checker that proves nothing was lost."""
