"""A small Supabase and an offline recogniser on loopback."""
