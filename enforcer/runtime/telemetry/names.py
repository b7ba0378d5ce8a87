"""Name what is emitted. ``docs/telemetry.md`` explains each of them.

OpenTelemetry's semantic conventions have no names for the use of something deprecated. What
they do name is taken from their own package.
"""

from typing import Final

from opentelemetry.semconv.attributes.code_attributes import (
    CODE_FILE_PATH,
    CODE_FUNCTION_NAME,
    CODE_LINE_NUMBER,
)
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.service_attributes import SERVICE_NAME, SERVICE_VERSION

from enforcer import __version__

__all__ = [
    "CODE_FILE_PATH",
    "CODE_FUNCTION_NAME",
    "CODE_LINE_NUMBER",
    "ERROR_TYPE",
    "SERVICE_NAME",
    "SERVICE_VERSION",
]

SCOPE: Final = "enforcer"
VERSION: Final = __version__
SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.37.0"
"""The version of the semantic conventions that the common names are of."""

# Not yet stable in the conventions, so not among what their package promises to keep.
SERVICE_INSTANCE_ID: Final = "service.instance.id"
DEPLOYMENT_ENVIRONMENT_NAME: Final = "deployment.environment.name"
HOST_NAME: Final = "host.name"
PROCESS_PID: Final = "process.pid"
PROCESS_RUNTIME_VERSION: Final = "process.runtime.version"
EVENT_NAME: Final = "event.name"

SPAN: Final = "resolve deprecated_import"

USED: Final = "deprecated_import.used"
REFUSED: Final = "deprecated_import.blocked"
EXEMPTION_EXPIRED: Final = "deprecated_import.exemption_expired"
NOTICE: Final = "deprecated_import.notice"
ENDED: Final = "deprecated_import.ended"

USES: Final = "deprecated_import.uses"
RULE_COUNT: Final = "deprecated_import.rule.count"
PROCESS_COUNT: Final = "deprecated_import.processes"
CALL_SITE_COUNT: Final = "deprecated_import.call_site.count"
DROPPED: Final = "deprecated_import.dropped"

COUNTERS: Final = {USES: "{use}", DROPPED: "{event}"}
UP_DOWN: Final = {
    RULE_COUNT: "{rule}",
    PROCESS_COUNT: "{process}",
    CALL_SITE_COUNT: "{call_site}",
}
"""Units of metrics, by kind."""

DESCRIPTIONS: Final = {
    USES: "Uses of deprecated import paths.",
    RULE_COUNT: "Rules for deprecated import paths that are watched, used or expired.",
    PROCESS_COUNT: "Processes by what the enforcer can do in them.",
    CALL_SITE_COUNT: "Call sites that use deprecated import paths.",
    DROPPED: "Records of the enforcer that were lost before they could be sent.",
}

RULE: Final = "deprecated_import.rule"
LEGACY: Final = "deprecated_import.legacy"
CANONICAL: Final = "deprecated_import.canonical"
STAGE: Final = "deprecated_import.stage"
OUTCOME: Final = "deprecated_import.outcome"
MECHANISM: Final = "deprecated_import.mechanism"
RELATION: Final = "deprecated_import.relation"
REMOVAL: Final = "deprecated_import.removal"
STATE: Final = "deprecated_import.rule.state"
PROCESS_STATE: Final = "deprecated_import.process.state"
PROCESS: Final = "deprecated_import.process"

ID: Final = "deprecated_import.id"
COUNT: Final = "deprecated_import.count"
FIRST_SEEN: Final = "deprecated_import.first_seen"
LAST_SEEN: Final = "deprecated_import.last_seen"
NAME: Final = "deprecated_import.name"
CALLER_MODULE: Final = "deprecated_import.caller.module"
CALLER_DISTRIBUTION: Final = "deprecated_import.caller.distribution"
CALLER_VIA: Final = "deprecated_import.caller.via"

NOTICE_KIND: Final = "deprecated_import.notice.kind"
NOTICE_SUBJECT: Final = "deprecated_import.notice.subject"
NOTICE_TEXT: Final = "deprecated_import.notice.text"
ENDING: Final = "deprecated_import.ending"

WATCHED: Final = "watched"
IS_USED: Final = "used"
EXPIRED: Final = "expired"
"""States of a rule."""

WATCHING: Final = "watching"
NO_RULES: Final = "no_rules"
NOT_WRITTEN: Final = "not_written"
BLIND: Final = "blind"
NOT_ENABLED: Final = "not_enabled"
"""States of a process. One that is not enabled can say so only by ``opentelemetry-instrument``."""
