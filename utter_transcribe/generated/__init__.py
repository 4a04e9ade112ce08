"""What `make schema` writes."""
