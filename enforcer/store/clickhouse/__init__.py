"""Read a fleet's uses from ClickHouse, where an OpenTelemetry Collector puts them.

Nothing is written here but the roll-ups that ``enforcer store init`` makes, and nobody who is
watched loads this: a watched program sends telemetry to the collector.
"""
