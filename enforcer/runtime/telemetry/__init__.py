"""Emit what was recorded: spans, log events, metrics and log lines.

Nothing that watches imports knows of this package. A thread of its own pulls from the recorder,
and only where somebody asks for it is anything of OpenTelemetry or structlog loaded.
"""
