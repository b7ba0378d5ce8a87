"""Hold what the tests of the backend share."""
