"""Notifications for people who do not look: what one is, to whom, whether, when, in which words."""
