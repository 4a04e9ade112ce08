"""What people may still use and have used."""
