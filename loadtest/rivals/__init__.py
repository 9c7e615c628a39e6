"""The servers that are measured side by side, each a process that one port and one pid describe."""
