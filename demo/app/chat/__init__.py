"""A small chat backend whose modules have moved, and whose callers have not."""
