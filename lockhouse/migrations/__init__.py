"""The versions of the server's own tables."""
