"""Looks into media in processes of its own: nothing that people upload is decoded in a node."""
