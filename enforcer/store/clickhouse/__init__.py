"""The ClickHouse engine: answers about a fleet, read from an OpenTelemetry Collector's tables.

Nothing is written here but the roll-ups that ``enforcer store init`` creates, and no watched
process imports this: it sends telemetry to the collector.
"""
