"""Hold what runs agents for users."""
