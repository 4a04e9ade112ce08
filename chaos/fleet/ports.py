"""TCP ports that stay free while the process they belong to is away."""

import random
import socket
from pathlib import Path
from typing import Final

from chaos.fleet.errors import FleetError

HOST: Final = "127.0.0.1"
_LOWEST: Final = 15_000
_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL_EPHEMERAL: Final = 32_768


def free_ports(count: int) -> list[int]:
    """Return free ports.

    They lie below those that the kernel gives to outgoing connections: one of these could
    otherwise sit on the port of a process that is just being started again.

    Raises:
        FleetError: There are not so many.
    """
    end = int(_EPHEMERAL.read_text().split()[0]) if _EPHEMERAL.exists() else _USUAL_EPHEMERAL
    candidates = list(range(_LOWEST, end))
    random.SystemRandom().shuffle(candidates)
    free: list[int] = []
    for port in candidates:
        if len(free) == count:
            return free
        if _is_free(port):
            free.append(port)
    raise FleetError(f"there are no {count} free ports from {_LOWEST} to {end}")


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True
