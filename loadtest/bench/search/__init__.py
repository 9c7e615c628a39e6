"""How fast messages are indexed and found, and what the index takes up."""
