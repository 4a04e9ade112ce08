"""What the environment keeps of a process's secrets."""

import ctypes
import os

from pydantic import BaseModel, SecretStr


def forget_secrets(settings: BaseModel) -> None:
    """Remove from the environment every secret that the settings hold.

    No child inherits them then, and `/proc/PID/environ` no longer shows them: the kernel shows
    the memory that the process began with, so that is overwritten too.
    """
    kept = {name for name, value in settings if isinstance(value, SecretStr)}
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_void_p
    for name in [one for one in os.environb if one.decode(errors="replace").lower() in kept]:
        if address := libc.getenv(name):
            ctypes.memset(address, 0, len(os.environb[name]))
        del os.environb[name]
