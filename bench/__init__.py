"""Measures Muster next to a raw SQL loop and procrastinate, in one run: `make bench`."""
