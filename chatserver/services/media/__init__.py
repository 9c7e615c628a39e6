"""Media: taken in, referred to by messages, read by who sees those, and swept in the end."""
