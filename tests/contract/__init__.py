"""The HTTP contract, asked of every service that serves it."""
