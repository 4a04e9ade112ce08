"""Sign-up, sign-in, sessions and users, as Supabase Auth answers them."""
