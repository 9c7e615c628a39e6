"""A chat client for the terminal: a screen made with Textual, and a plain line mode for scripts."""
