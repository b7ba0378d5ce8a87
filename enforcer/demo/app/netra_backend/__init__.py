"""Backend of a chat with agents over WebSockets."""
