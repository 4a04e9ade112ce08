"""What can keep a fleet from running."""


class FleetError(Exception):
    """A part of the fleet cannot be started; the message is for a person."""
