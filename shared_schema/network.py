"""Which addresses are this machine's own, and what the environment says of proxies."""

import ipaddress
import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

_VARIABLES: Final = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")


class ProxyError(OSError):
    """The environment names a proxy that cannot be used; the message names the variable."""


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine, where no proxy can stand between."""
    host = ""
    try:
        host = urlsplit(url).hostname or ""
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def trusts_environment(url: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether calls of `url` may go by the environment's proxies; loopback's never do.

    Raises:
        ProxyError: They would have to go by one that cannot be used.
    """
    if is_loopback(url):
        return False
    for variable in (one for name in _VARIABLES for one in (name, name.lower())):
        proxy = environment.get(variable, "")
        if proxy and not _is_usable(proxy):
            raise ProxyError(f"{variable}: only a proxy like http://proxy.example:3128 can be used")
    return True


def _is_usable(proxy: str) -> bool:
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    try:
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
