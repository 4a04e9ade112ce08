"""What can keep the stack from starting, and the base of every answer that is no success.

::

    StackError                   one clear line for a person, exit status 1
    ├── PortBusyError            another process listens there
    ├── DataDirBusyError         another stack uses the data folder
    ├── NotLoopbackError         asked to listen where others could reach it
    ├── PostgresError            no binaries, or none that start here, or it ended by itself
    └── MigrationError           a migration's SQL was refused
    HttpError                    knows how to answer a request, in its service's shape
"""

from abc import ABC, abstractmethod
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response


class StackError(Exception):
    """The stack cannot start or go on; the message is one line for a person."""


class PortBusyError(StackError):
    """Another process listens on the wanted address."""

    def __init__(self, what: str, host: str, port: int) -> None:
        super().__init__(f"port {port} on {host} is busy: {what} cannot listen there")


class DataDirBusyError(StackError):
    """Another stack holds the data folder."""

    def __init__(self, root: Path, pid: str) -> None:
        super().__init__(f"{root} is in use by a running local_stack (pid {pid or 'unknown'})")


class NotLoopbackError(StackError):
    """The wanted address is reachable by others, which a stack with open sign-up must not be."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is not a loopback address: local_stack serves this machine only")


class PostgresError(StackError):
    """Postgres cannot start here, or has ended by itself."""


class MigrationError(StackError):
    """A migration was refused by Postgres; what ran before it stays applied."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"migration {name} failed: {reason}")


class HttpError(Exception, ABC):
    """An answer other than success."""

    @abstractmethod
    def response(self, request: Request) -> Response:
        """The answer, as the service that raised it phrases errors."""
