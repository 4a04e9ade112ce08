"""Providers' transcription wires, spoken by an engine on loopback."""

from local_stack.provider.records import BatchRecord, RealtimeRecord
from local_stack.provider.script import BatchScript, Script, load_scripts
from local_stack.provider.scripted import ScriptedEngine
from local_stack.provider.server import ProviderServer, serve

__all__ = [
    "BatchRecord",
    "BatchScript",
    "ProviderServer",
    "RealtimeRecord",
    "Script",
    "ScriptedEngine",
    "load_scripts",
    "serve",
]
