"""Many replicas on one machine: processes that share nothing but Postgres, behind nginx."""

from chaos.fleet.errors import FleetError
from chaos.fleet.fleet import Fleet, fleet
from chaos.fleet.process import Process

__all__ = ["Fleet", "FleetError", "Process", "fleet"]
