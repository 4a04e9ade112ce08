"""Where a call comes from, behind proxies that are trusted by number."""

from collections.abc import Sequence
from ipaddress import ip_address


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
