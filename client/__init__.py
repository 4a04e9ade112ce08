"""Async client and command of both services."""
