"""Emit what was recorded: spans, log events, metrics and log lines."""
