"""Serve a chat with agents over WebSockets."""
