"""Vendors and other programs: what keeps blobs, and what looks into them."""
