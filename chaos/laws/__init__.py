"""What must hold after everything that went wrong."""

from chaos.laws.broken import Broken, Law

__all__ = ["Broken", "Law"]
