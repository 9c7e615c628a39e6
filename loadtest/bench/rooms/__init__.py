"""Large rooms, several nodes, people with many conversations: the product alone, as it grows."""
