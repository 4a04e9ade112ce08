"""The load generator: many recordings at real-time pace, from one light process."""
