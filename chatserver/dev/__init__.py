"""Everything on one machine: embedded servers and a demo shop."""
