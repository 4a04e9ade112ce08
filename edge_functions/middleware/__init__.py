"""Small pure ASGI layers, from the outside in."""
