"""Rehearsals: a promotion as a file, played by thousands of clients, judged by the checker."""
