"""Figures with their peer or physical limit in the same run; nothing here asserts in a test."""
