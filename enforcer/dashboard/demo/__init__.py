"""Invented program and history, which fill the dashboard for a demonstration."""
