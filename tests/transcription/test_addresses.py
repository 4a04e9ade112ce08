"""Where a call comes from."""

import pytest

from transcription.process.addresses import client_address

CALLER, NEAR, FAR = "203.0.113.7", "198.51.100.2", "198.51.100.1"


@pytest.mark.parametrize(
    ("forwarded", "hops", "address"),
    [
        ([], 0, "10.0.0.1"),
        ([CALLER], 0, "10.0.0.1"),
        ([CALLER], 1, CALLER),
        ([f"{FAR}, {CALLER}"], 1, CALLER),
        ([f"{CALLER},{NEAR}"], 2, CALLER),
        ([FAR, f"{CALLER}, {NEAR}"], 2, CALLER),
        ([f" {CALLER} "], 1, CALLER),
        (["2001:DB8::7"], 1, "2001:db8::7"),
        ([], 1, "10.0.0.1"),
        ([CALLER], 2, "10.0.0.1"),
        (["unknown"], 1, "10.0.0.1"),
        ([f"{CALLER}:4711"], 1, "10.0.0.1"),
        ([""], 1, "10.0.0.1"),
    ],
    ids=str,
)
def test_only_our_own_proxies_are_believed(forwarded: list[str], hops: int, address: str) -> None:
    """The address is what the outermost proxy of ours saw; what stands before it is a claim."""
    assert client_address("10.0.0.1", forwarded, hops=hops) == address


@pytest.mark.parametrize("peer", [None, "", "/run/bridge.sock", "@"])
def test_a_peer_without_an_address_has_none(peer: str | None) -> None:
    """Over a socket in the file system there is no address, unless a proxy tells one."""
    assert client_address(peer, [], hops=0) is None
    assert client_address(peer, [CALLER], hops=1) == CALLER
