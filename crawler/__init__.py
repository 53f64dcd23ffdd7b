"""GETS: everything that knows a web page."""
