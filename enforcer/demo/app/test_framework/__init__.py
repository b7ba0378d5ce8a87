"""Shared parts of the backend's tests."""
