"""Migrations of SQLite stores from older schemas; imported only where one was met.

Each script migrates one version to the next, whatever came after that: it does not use the current
schema's definitions.
"""

from enforcer.store.sqlite.schema import UNKNOWN

_PER_TALLY = """
    tally       INTEGER NOT NULL REFERENCES tally,
    deployment  INTEGER NOT NULL REFERENCES deployment,
    count       INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
"""
_PER_RULE = """
    rule        INTEGER NOT NULL REFERENCES rule,
    deployment  INTEGER NOT NULL REFERENCES deployment,
    count       INTEGER NOT NULL,
    probes      INTEGER NOT NULL,
"""
_SUMS = "sum(count), min(first_seen), max(last_seen)"
_PROBES = "sum(CASE mechanism WHEN 'probe' THEN count ELSE 0 END)"
_OLD_USES = """
use_2 JOIN tally USING (rule, site, stage, outcome) JOIN process ON process.key = process
"""

UPGRADES = {
    1: f"""
ALTER TABLE process ADD COLUMN service_version TEXT NOT NULL DEFAULT '';
ALTER TABLE process ADD COLUMN environment TEXT NOT NULL DEFAULT '';
ALTER TABLE process ADD COLUMN interval INTEGER NOT NULL DEFAULT 0;
ALTER TABLE process ADD COLUMN silence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE process ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;
ALTER TABLE process ADD COLUMN ending TEXT NOT NULL DEFAULT '';
ALTER TABLE notice ADD COLUMN noted INTEGER NOT NULL DEFAULT 0;
CREATE TABLE heartbeat (
    process  INTEGER NOT NULL REFERENCES process,
    since    INTEGER NOT NULL,
    till     INTEGER NOT NULL,
    PRIMARY KEY (process, since)
) WITHOUT ROWID;
INSERT INTO heartbeat (process, since, till) SELECT key, started, written FROM process;
UPDATE process SET ending = '{UNKNOWN}';
PRAGMA user_version = 2;
""",  # noqa: S608 - made of constants
    # SQLite can't change a table's key or drop its constraints: such a table is created anew,
    # filled from the old one, and renamed.
    2: f"""
CREATE TABLE deployment (
    key          INTEGER PRIMARY KEY,
    service      TEXT NOT NULL,
    version      TEXT NOT NULL,
    environment  TEXT NOT NULL,
    UNIQUE (service, version, environment)
);
INSERT INTO deployment (service, version, environment)
SELECT DISTINCT service, service_version, environment FROM process;
CREATE TABLE process_3 (
    key         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    parent      TEXT NOT NULL,
    run         TEXT NOT NULL,
    pid         INTEGER NOT NULL,
    deployment  INTEGER NOT NULL REFERENCES deployment,
    host        TEXT NOT NULL,
    python      TEXT NOT NULL,
    command     TEXT NOT NULL,
    root        TEXT NOT NULL,
    map         INTEGER NOT NULL REFERENCES map,
    map_path    TEXT NOT NULL,
    map_digest  TEXT NOT NULL,
    started     INTEGER NOT NULL,
    written     INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    interval    INTEGER NOT NULL DEFAULT 0,
    silence     INTEGER NOT NULL DEFAULT 0,
    ended       INTEGER NOT NULL DEFAULT 0,
    ending      TEXT NOT NULL DEFAULT ''
);
INSERT INTO process_3
SELECT process.key, id, parent, run, pid, deployment.key, host, python, command, root, map,
       map_path, map_digest, started, written, sequence, interval, silence, ended, ending
FROM process JOIN deployment ON deployment.service = process.service
    AND version = service_version AND deployment.environment = process.environment;
DROP TABLE process;
ALTER TABLE process_3 RENAME TO process;
CREATE INDEX process_by_run ON process (run) WHERE run <> '';
CREATE TABLE tally (
    key      INTEGER PRIMARY KEY,
    rule     INTEGER NOT NULL REFERENCES rule,
    site     INTEGER NOT NULL REFERENCES call_site,
    stage    TEXT NOT NULL,
    outcome  TEXT NOT NULL,
    UNIQUE (rule, site, stage, outcome)
);
INSERT INTO tally (rule, site, stage, outcome) SELECT DISTINCT rule, site, stage, outcome FROM use;
ALTER TABLE use RENAME TO use_2;
CREATE TABLE use (
    process     INTEGER NOT NULL REFERENCES process,
    tally       INTEGER NOT NULL REFERENCES tally,
    count       INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    PRIMARY KEY (process, tally)
) WITHOUT ROWID;
INSERT INTO use
SELECT process, tally.key, {_SUMS} FROM {_OLD_USES} GROUP BY process, tally.key;
CREATE TABLE use_by_hour (
    hour        INTEGER NOT NULL, {_PER_TALLY} PRIMARY KEY (hour, deployment, tally)
) WITHOUT ROWID;
INSERT INTO use_by_hour
SELECT hour, tally.key, deployment, {_SUMS}
FROM {_OLD_USES} GROUP BY hour, tally.key, deployment;
CREATE TABLE use_by_day (
    day         INTEGER NOT NULL,
    rule        INTEGER NOT NULL,
    site        INTEGER NOT NULL, {_PER_TALLY}
    PRIMARY KEY (day, rule, site, tally, deployment)
) WITHOUT ROWID;
INSERT INTO use_by_day
SELECT hour / 24 AS day, rule, site, tally.key, deployment, {_SUMS}
FROM {_OLD_USES} GROUP BY day, rule, site, tally.key, deployment;
CREATE TABLE use_by_month (
    month       INTEGER NOT NULL, {_PER_TALLY} PRIMARY KEY (month, deployment, tally)
) WITHOUT ROWID;
INSERT INTO use_by_month
SELECT day / 28 AS month, tally, deployment, {_SUMS}
FROM use_by_day GROUP BY month, tally, deployment;
CREATE TABLE use_ever ({_PER_TALLY} PRIMARY KEY (tally, deployment)) WITHOUT ROWID;
INSERT INTO use_ever
SELECT tally.key, deployment, {_SUMS} FROM {_OLD_USES} GROUP BY tally.key, deployment;
CREATE TABLE total_ever (
    tally       INTEGER PRIMARY KEY REFERENCES tally,
    count       INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL
);
INSERT INTO total_ever SELECT tally, {_SUMS} FROM use_ever GROUP BY tally;
CREATE TABLE rule_by_hour (
    hour        INTEGER NOT NULL, {_PER_RULE} PRIMARY KEY (hour, rule, deployment)
) WITHOUT ROWID;
INSERT INTO rule_by_hour
SELECT hour, rule, deployment, sum(count) - {_PROBES}, {_PROBES}
FROM {_OLD_USES} JOIN call_site ON call_site.key = site GROUP BY hour, rule, deployment;
CREATE TABLE rule_by_day (
    day         INTEGER NOT NULL, {_PER_RULE} PRIMARY KEY (day, rule, deployment)
) WITHOUT ROWID;
INSERT INTO rule_by_day
SELECT hour / 24 AS day, rule, deployment, sum(count), sum(probes)
FROM rule_by_hour GROUP BY day, rule, deployment;
CREATE TABLE total_by_day (
    day     INTEGER NOT NULL,
    rule    INTEGER NOT NULL REFERENCES rule,
    count   INTEGER NOT NULL,
    probes  INTEGER NOT NULL,
    sites   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, rule)
) WITHOUT ROWID;
INSERT INTO total_by_day
SELECT day, rule, sum(count) - {_PROBES}, {_PROBES},
       count(DISTINCT CASE mechanism WHEN 'probe' THEN NULL ELSE site END)
FROM use_by_day JOIN call_site ON call_site.key = site GROUP BY day, rule;
DROP TABLE use_2;
CREATE TABLE state (
    name   TEXT PRIMARY KEY,
    value  INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO state (name, value) VALUES ('keys', random());
CREATE TABLE source (
    id        TEXT PRIMARY KEY,
    export    TEXT NOT NULL,
    imported  INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO source (id, export, imported) VALUES (lower(hex(randomblob(16))), '', 0);
PRAGMA user_version = 3;
""",  # noqa: S608 - made of constants
}
