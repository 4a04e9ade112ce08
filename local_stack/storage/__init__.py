"""Files in buckets, as Supabase Storage answers them."""
