"""Dashboards, rules and configuration for looking at enforcer's telemetry with others' tools.

No part of the package: nothing in here is installed, or loaded by a watched program.
"""
