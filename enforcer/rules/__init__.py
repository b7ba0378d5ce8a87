"""The migration map: its model, how it is read, and its mistakes."""
