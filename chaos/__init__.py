"""Faults at random against the whole system, and the laws that must hold all the same."""
