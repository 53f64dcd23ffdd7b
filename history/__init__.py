"""KEEPS: what was charged, since when, and how we know."""
