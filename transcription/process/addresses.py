"""Where a call comes from, behind proxies that are trusted by number."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

_HOUSEHOLD_BITS: Final = 64


def client_address(peer: str | None, forwarded_for: Sequence[str], *, hops: int) -> str | None:
    """Return the caller's IP address.

    Args:
        peer: Address of the socket's other end.
        forwarded_for: Values of the `X-Forwarded-For` headers, in order.
        hops: How many proxies of ours stand before the service; each adds one address at the
            right. What stands further left is the caller's own claim and is not believed.

    Returns:
        The address, or None where none can be told.
    """
    claimed = [part.strip() for value in forwarded_for for part in value.split(",")]
    for candidate in ((claimed[-hops],) if 0 < hops <= len(claimed) else ()) + (peer,):
        try:
            return str(ip_address(candidate or ""))
        except ValueError:
            continue
    return None


@lru_cache(maxsize=1024)
def network_of(address: str | None) -> str | None:
    """Return what counts as one caller's: an IPv4 address, or the /64 of an IPv6 address.

    Providers of IPv6 give every household a /64 at least. None stays None, and so does what is no
    address, such as a socket's path.
    """
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, _HOUSEHOLD_BITS), strict=False))
    return str(parsed)
