"""How many sessions a pair of bridges holds, and what grows on the way there."""
