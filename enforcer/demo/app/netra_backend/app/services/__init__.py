"""Services that run agents for users."""
