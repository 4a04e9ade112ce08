"""What `make` runs besides the packages."""
