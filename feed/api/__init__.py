"""The JSON API: one router for each noun."""
