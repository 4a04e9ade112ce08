"""PocketSphinx behind the engine interface: real recognition of English, offline."""

from local_stack.provider.sphinx.engine import SphinxEngine

__all__ = ["SphinxEngine"]
