"""Engines that hear on this machine, in a process for each session."""

from local_stack.provider.offline.engine import OfflineEngine
from local_stack.provider.offline.models import Model, choose

__all__ = ["Model", "OfflineEngine", "choose"]
