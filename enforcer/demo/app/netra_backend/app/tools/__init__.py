"""Hold the tools that agents use."""
