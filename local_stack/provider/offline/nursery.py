"""The process that workers are forked from: it loads the model once, its forks share it.

Its argument says which library with which model. Standard input is a Unix socket. It first tells
that it is ready, or why it cannot be. Then one byte with a descriptor attached asks for a worker:
the byte names its job, the descriptor is the socket it talks on, the answer is its process id.
The end of that socket is the end of this process.
"""

import gc
import json
import os
import signal
import socket
import struct
import sys
import traceback
from typing import NoReturn

from local_stack.provider.offline.frames import Job, Kind, pack
from local_stack.provider.offline.hearing import Hearing
from local_stack.provider.offline.models import Model
from local_stack.provider.offline.worker import work

PID = struct.Struct("!I")


def main(arguments: list[str]) -> int:
    """Fork a worker for every request, until there are no more; 1 when the model is missing."""
    control = socket.socket(fileno=0)
    try:
        hearing = hearing_of(Model.loads(arguments[0]))
        cost = hearing.load()
    except RuntimeError as error:
        control.sendall(pack(Kind.UNABLE, json.dumps(str(error)).encode()))
        return 1
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps; this process does not wait
    gc.freeze()  # else collections would copy the pages that forks share
    control.sendall(pack(Kind.READY, json.dumps(cost).encode()))
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not request:
            return 0
        link = socket.socket(fileno=descriptors[0])
        pid = os.fork()
        if pid == 0:
            control.close()
            _work(Job(request[0]), hearing, link)
        link.close()
        control.sendall(PID.pack(pid))


def hearing_of(model: Model) -> Hearing:
    """What hears with a model; its library is imported only here."""
    if model.library == "sphinx":
        from local_stack.provider.sphinx.hearing import SphinxHearing  # noqa: PLC0415

        return SphinxHearing()
    from local_stack.provider.moonshine.hearing import MoonshineHearing  # noqa: PLC0415

    return MoonshineHearing(model)


def _work(job: Job, hearing: Hearing, link: socket.socket) -> NoReturn:
    status = 1
    try:
        work(job, hearing, link)
        status = 0
    except ConnectionError:
        status = 0  # the server is gone, and with it anyone who could be told
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
