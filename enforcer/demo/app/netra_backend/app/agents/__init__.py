"""Registry of agents and the users that they work for."""
