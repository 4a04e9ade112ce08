"""The process that workers are forked from: it loads the models once, its forks share them.

Standard input is a Unix socket. One byte with a descriptor attached asks for a worker: the byte
names its job, the descriptor is the socket it talks on, the answer is its process id. The end of
that socket is the end of this process.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import traceback
from typing import NoReturn

from local_stack.provider.sphinx.decoders import file_decoder, live_decoder
from local_stack.provider.sphinx.frames import Job
from local_stack.provider.sphinx.worker import JOBS

READY = b"R"
PID = struct.Struct("!I")


def main() -> None:
    """Fork a worker for every request, until there are no more."""
    control = socket.socket(fileno=0)
    live_decoder()
    file_decoder()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps, nobody waits here
    gc.freeze()  # else collections would copy the pages that forks share
    control.sendall(READY)
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not request:
            return
        link = socket.socket(fileno=descriptors[0])
        pid = os.fork()
        if pid == 0:
            control.close()
            _work(Job(request[0]), link)
        link.close()
        control.sendall(PID.pack(pid))


def _work(job: Job, link: socket.socket) -> NoReturn:
    status = 1
    try:
        JOBS[job](link)
        status = 0
    except ConnectionError:
        status = 0  # the server is gone, and with it whoever could be told
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
