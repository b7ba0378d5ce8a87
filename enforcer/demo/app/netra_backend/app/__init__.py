"""The application: connections, agents, and the events that they report."""
