"""`python -m edge_functions doctor`: look at a deployment, and name what is wrong with it."""
