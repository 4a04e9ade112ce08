"""What people install, and what builds it."""
