"""A small Supabase and an offline engine on loopback."""
