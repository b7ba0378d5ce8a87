"""Hold the migration map: its model, how it is read, and what is wrong with it."""
