"""A real-time chat server for consultants and their customers."""
