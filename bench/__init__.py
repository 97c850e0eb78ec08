"""Measurements of the program: `python -m bench`."""
