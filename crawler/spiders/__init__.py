"""One file per price source; nothing to register: the file's name is the spider's name."""
