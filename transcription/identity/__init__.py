"""Who is calling: a token verified, and the keys that it is verified with."""
