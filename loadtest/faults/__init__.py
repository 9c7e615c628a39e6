"""Faults on several nodes: databases and nodes that may be killed, people who talk meanwhile."""
