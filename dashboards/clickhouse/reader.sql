-- Who only looks: Grafana. Its plugin sets max_execution_time, and may set nothing else.
CREATE USER IF NOT EXISTS grafana IDENTIFIED WITH no_password HOST ANY
    SETTINGS readonly = 1, max_execution_time = 30 CHANGEABLE_IN_READONLY;
GRANT SELECT ON otel.* TO grafana;
