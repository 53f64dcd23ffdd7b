"""The web pages: plain HTML and one stylesheet, nothing from elsewhere."""
