"""What both services are as processes: limits, metrics, traces, the record that is logged."""
