"""What must hold after everything that went wrong."""

from chaos.invariants.broken import Broken, Law

__all__ = ["Broken", "Law"]
