"""What is right: nouns and rules in plain Python, with no I/O, no clock and no await."""
