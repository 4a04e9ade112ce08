"""Our bridge beside three others, measured in one run."""
