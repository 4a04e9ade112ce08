"""The certificates that are trusted over HTTP: read once, for every client of every key."""

import ssl
from functools import cache

import httpx2


@cache
def trusted() -> ssl.SSLContext:
    """Return them. To read them takes tens of milliseconds, which everybody would wait for."""
    return httpx2.create_ssl_context()
