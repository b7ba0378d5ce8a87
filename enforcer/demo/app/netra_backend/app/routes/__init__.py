"""Hold what clients reach from outside."""
