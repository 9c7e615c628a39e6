"""What other nodes are told: live delivery and presence through Redis."""
