"""Tables and functions over HTTP, as PostgREST answers them."""
