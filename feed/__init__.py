"""TELLS: everything that knows a reader."""
