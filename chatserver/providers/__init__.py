"""Vendors outside: push services, blob stores, message senders."""
