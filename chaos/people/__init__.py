"""Those who use the fleet while it suffers."""
