"""What is kept: MongoDB, one file for each collection."""
