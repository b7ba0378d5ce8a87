"""Hold the application: who connects, what agents do, and which events they report."""
