"""Moonshine: the offline engine, which hears people."""
