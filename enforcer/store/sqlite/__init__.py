"""The SQLite store: one file beside the map, written by many processes at once."""
