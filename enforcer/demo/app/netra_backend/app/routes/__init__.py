"""Routes that clients reach."""
