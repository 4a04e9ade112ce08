"""Takes from this process what reading a file that is already open does not need.

Linux alone has these means; elsewhere `enter` does nothing. What each kernel offers is used:

- no core dump, and no look at this process from another of the same user (`PR_SET_DUMPABLE`);
- no privileges gained by starting a program (`PR_SET_NO_NEW_PRIVS`);
- no path, no TCP, no signal to another process, no look into one (Landlock, from Linux 5.13 on);
- no file opened, no socket, no new process (seccomp).
"""

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2

_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_RESTRICT_SELF: Final = 446
_LANDLOCK_VERSION: Final = 1
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights to files a version knows; a version between has as many as the one before."""
_TCP_RIGHTS: Final = 0b11
"""To bind and to connect; from version 4 on."""
_SCOPES: Final = 0b11
"""Abstract sockets and signals; from version 6 on."""

_DENIED: Final = {
    # open, creat, openat, openat2, socket, connect, bind, clone, fork, vfork, clone3, execve,
    # execveat, kill, ptrace, process_vm_readv, process_vm_writev, io_uring_setup, pidfd_open,
    # pidfd_getfd
    "x86_64": (
        0xC000003E,
        (2, 85, 257, 437, 41, 42, 49, 56, 57, 58, 435, 59, 322, 62, 101, 310, 311, 425, 434, 438),
    ),
    "aarch64": (
        0xC00000B7,
        (56, 437, 198, 203, 200, 220, 435, 221, 281, 129, 117, 270, 271, 425, 434, 438),
    ),
}
"""By machine: its number in seccomp (linux/audit.h), and calls that are answered with EPERM."""
_X32_BIT: Final = 0x4000_0000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _EPERM, _KILL = 0x7FFF_0000, 0x0005_0000 | errno.EPERM, 0x8000_0000


def enter() -> None:
    """Give up what is not needed. There is no way back.

    Raises:
        OSError: The kernel has a means and does not let us use it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    _prctl(libc, _PR_SET_DUMPABLE, 0)
    _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    _restrict_paths(libc)
    _restrict_calls(libc)


def _prctl(libc: ctypes.CDLL, option: int, *values: int) -> None:
    arguments = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    if libc.prctl(option, *arguments):
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _restrict_paths(libc: ctypes.CDLL) -> None:
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_VERSION)
    if version < 1:
        return  # ENOSYS, or switched off at boot
    files = (1 << max(count for known, count in _FILE_RIGHTS.items() if known <= version)) - 1
    rules = struct.pack(
        "<QQQ", files, _TCP_RIGHTS if version >= 4 else 0, _SCOPES if version >= 6 else 0
    )
    known = {1: 8, 2: 8, 3: 8, 4: 16, 5: 16}.get(version, 24)
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, rules, known, 0)
    if ruleset < 0 or libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0):
        raise OSError(ctypes.get_errno(), "landlock")
    os.close(ruleset)


def _restrict_calls(libc: ctypes.CDLL) -> None:
    machine, denied = _DENIED.get(platform.machine(), (0, ()))
    if not denied:
        return
    steps = [
        (_LOAD, 0, 0, 4),  # seccomp_data.arch
        (_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # seccomp_data.nr
        (_AT_LEAST, len(denied) + 1, 0, _X32_BIT),
        *((_EQUAL, len(denied) - at, 0, call) for at, call in enumerate(denied)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _EPERM),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0):
        if ctypes.get_errno() == errno.EINVAL:
            return  # a kernel without filters
        raise OSError(ctypes.get_errno(), "seccomp")
