"""Invent a program and six months of its history, to show the dashboard full."""
