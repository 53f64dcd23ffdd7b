"""Alerts: who wants which changes, and how they are told."""
