"""Test what is wrong with single options and rules, and what the message says."""

from collections.abc import Callable

import pytest

from enforcer.rules.model import MigrationMap

FORMS = "Write package.module, package.* for a tree, or package.module:name for one name."


def rule(*lines: str, header: str = "[[rule]]") -> str:
    """Write one rule, whose paths are sound unless the lines say otherwise."""
    keys = {line.partition(" ")[0] for line in lines}
    paths = [
        line for line in ('legacy = "a.old"', 'canonical = "a.new"') if line.split()[0] not in keys
    ]
    return "\n".join([header, *paths, *lines]) + "\n"


# Each case: the map, and the one message that it gives.
OPTIONS = {
    "unknown option": (
        '[enforcer]\nroot = "."\nservicename = "x"',
        (
            'enforcer.toml:3: enforcer.servicename: "servicename" is not a key of [enforcer]. '
            'Write "service". (unknown-key)'
        ),
    ),
    "link without a file": (
        '[enforcer]\nsource_url = "https://host/blob/main/"',
        (
            'enforcer.toml:2: enforcer.source_url: "https://host/blob/main/" is no address with '
            '{file} in it. Write source_url = "https://host/team/project/blob/{revision}/{file}'
            '#L{line}". (bad-source-url)'
        ),
    ),
    "link that is code": (
        "[enforcer]\nsource_url = 'javascript:alert(\"{file}\")'",
        (
            'enforcer.toml:2: enforcer.source_url: "javascript:alert("{file}")" is no address '
            'with {file} in it. Write source_url = "https://host/team/project/blob/{revision}/'
            '{file}#L{line}". (bad-source-url)'
        ),
    ),
    "unknown option like no other": (
        '[enforcer]\nzzz = "x"',
        (
            'enforcer.toml:2: enforcer.zzz: "zzz" is not a key of [enforcer]. Remove it, or '
            "write one of service, default_stage, refuse, fail_open, sigterm, log, telemetry, "
            "scrub, root, expected_services, production, quiet_for, jobs, accept, tombstone_for, "
            "store, keep_days, keep_days_of, baseline, allow, source_url, exclude, "
            "expect_refusals. (unknown-key)"
        ),
    ),
    "no function to scrub": (
        '[enforcer]\nscrub = "shop.privacy"',
        (
            'enforcer.toml:2: enforcer.scrub: "shop.privacy" names no function. Write a module, '
            'a colon and a function of it: scrub = "shop.privacy:scrub". (bad-scrub)'
        ),
    ),
    "unknown log": (
        '[enforcer]\nlog = "syslog"',
        (
            'enforcer.toml:2: enforcer.log: "syslog" is not a log. '
            "Write one of off, structlog, logging. (unknown-log)"
        ),
    ),
    "option outside of its table": (
        'service = "x"',
        (
            'enforcer.toml:1: service: "service" stands outside of every table. '
            "Write it below [enforcer]. (unknown-key)"
        ),
    ),
    "rule key outside of its table": (
        'legacy = "x"',
        (
            'enforcer.toml:1: legacy: "legacy" stands outside of every table. '
            "Remove it, or write it below [enforcer] or [[rule]]. (unknown-key)"
        ),
    ),
    "unknown table": (
        "\n[enforcr]\n",
        (
            "enforcer.toml:2: enforcr: [enforcr] is not a table of the map. "
            'Write "enforcer". (unknown-table)'
        ),
    ),
    "unknown array of tables": (
        '[[rules]]\nlegacy = "a"',
        (
            "enforcer.toml:1: rules: [[rules]] is not a table of the map. "
            'Write "rule". (unknown-table)'
        ),
    ),
    "factory that is no array": (
        '[factory]\nlegacy = "a:b"',
        (
            'enforcer.toml:1: factory: "factory" is a table. '
            "Write [[factory]], with two brackets, once for each factory. (wrong-type)"
        ),
    ),
    "instances that are no tables": (
        'instances = ["a:B"]',
        (
            "enforcer.toml:1: instances: a rule for instances is a string. "
            "Write [[instances]] and the keys of the rule for instances below it. (wrong-type)"
        ),
    ),
    "options are no table": (
        "enforcer = 1",
        (
            'enforcer.toml:1: enforcer: "enforcer" is an integer. '
            "Write [enforcer] and its keys below it. (wrong-type)"
        ),
    ),
    "default stage": (
        '[enforcer]\ndefault_stage = "loud"',
        (
            'enforcer.toml:2: enforcer.default_stage: "loud" is not a stage. '
            "Write one of observe, alias, warn, strict, removed. (unknown-stage)"
        ),
    ),
    "service is no string": (
        "[enforcer]\nservice = 3",
        (
            'enforcer.toml:2: enforcer.service: "service" is an integer. '
            'Write service = "…". (wrong-type)'
        ),
    ),
    "root is no string": (
        "[enforcer]\nroot = []",
        'enforcer.toml:2: enforcer.root: "root" is an array. Write root = "…". (wrong-type)',
    ),
    "store is no string": (
        "[enforcer]\nstore = 1.5",
        'enforcer.toml:2: enforcer.store: "store" is a float. Write store = "…". (wrong-type)',
    ),
    "fail_open is no boolean": (
        '[enforcer]\nfail_open = "yes"',
        (
            'enforcer.toml:2: enforcer.fail_open: "fail_open" is a string. '
            "Write fail_open = true or fail_open = false. (wrong-type)"
        ),
    ),
    "fail_open is a number": (
        "[enforcer]\nfail_open = 1",
        (
            'enforcer.toml:2: enforcer.fail_open: "fail_open" is an integer. '
            "Write fail_open = true or fail_open = false. (wrong-type)"
        ),
    ),
    "one expected service": (
        '[enforcer]\nexpected_services = "chat"',
        (
            'enforcer.toml:2: enforcer.expected_services: "expected_services" is a string. '
            'Write expected_services = ["…", "…"]. (wrong-type)'
        ),
    ),
    "an expected service that is no string": (
        '[enforcer]\nexpected_services = ["chat", 3]',
        (
            'enforcer.toml:2: enforcer.expected_services: "expected_services" is an array with '
            'an integer. Write expected_services = ["…", "…"]. (wrong-type)'
        ),
    ),
    "one bracket": (
        '[rule]\nlegacy = "a"',
        (
            'enforcer.toml:1: rule: "rule" is a table. '
            "Write [[rule]], with two brackets, once for each rule. (wrong-type)"
        ),
    ),
    "a rule that is no table": (
        "rule = [\n  1,\n]",
        (
            "enforcer.toml:2: rule: a rule is an integer. "
            "Write [[rule]] and the keys of the rule below it. (wrong-type)"
        ),
    ),
}

RULES = {
    "unknown key": (
        rule('canonical_path = "x"'),
        (
            'enforcer.toml:4: rule.canonical_path: "canonical_path" is not a key of a rule. '
            'Write "canonical". (unknown-key)'
        ),
    ),
    "unknown stage": (
        rule('stage = "loud"'),
        (
            'enforcer.toml:4: rule.stage: "loud" is not a stage. '
            "Write one of observe, alias, warn, strict, removed. (unknown-stage)"
        ),
    ),
    "stage is no string": (
        rule("stage = 3"),
        'enforcer.toml:4: rule.stage: "stage" is an integer. Write stage = "…". (wrong-type)',
    ),
    "no canonical": (
        '\n[[rule]]\nlegacy = "a"',
        (
            'enforcer.toml:2: rule: the rule has no "canonical". '
            'Write canonical = "package.new". (missing-key)'
        ),
    ),
    "no legacy": (
        '\n[[rule]]\ncanonical = "a"',
        (
            'enforcer.toml:2: rule: the rule has no "legacy". '
            'Write legacy = "package.old". (missing-key)'
        ),
    ),
    "legacy is no string": (
        rule("legacy = 1"),
        (
            'enforcer.toml:3: rule.legacy: "legacy" is an integer. '
            'Write legacy = "package.old". (wrong-type)'
        ),
    ),
    "empty legacy": (
        rule('legacy = ""'),
        (
            'enforcer.toml:3: rule.legacy: "" is not a path that code can import: '
            f'its part "" is not an identifier. {FORMS} (bad-path)'
        ),
    ),
    "two dots": (
        rule('canonical = "a..new"'),
        (
            'enforcer.toml:3: rule.canonical: "a..new" is not a path that code can import: '
            f'its part "" is not an identifier. {FORMS} (bad-path)'
        ),
    ),
    "file name": (
        rule('legacy = "a/old.py"'),
        (
            'enforcer.toml:3: rule.legacy: "a/old.py" is not a path that code can import: '
            f'its part "a/old" is not an identifier. {FORMS} (bad-path)'
        ),
    ),
    "keyword": (
        rule('legacy = "a.async.old"'),
        (
            'enforcer.toml:3: rule.legacy: "a.async.old" is not a path that code can import: '
            f'"async" is a keyword of Python. {FORMS} (bad-path)'
        ),
    ),
    "star in the middle": (
        rule('legacy = "a.*.old"'),
        (
            'enforcer.toml:3: rule.legacy: "a.*.old" is not a path that code can import: '
            f'its part "*" is not an identifier. {FORMS} (bad-path)'
        ),
    ),
    "dotted name": (
        rule('legacy = "a:B.c"'),
        (
            'enforcer.toml:3: rule.legacy: "a:B.c" is not a path that code can import: '
            f'its part "B.c" is not an identifier. {FORMS} (bad-path)'
        ),
    ),
    "name with a tree": (
        rule('legacy = "a:b.*"'),
        (
            'enforcer.toml:3: rule.legacy: "a:b.*" is not a path that code can import: '
            f"a name has no tree below it. {FORMS} (bad-path)"
        ),
    ),
    "tree to module": (
        rule('legacy = "a.old.*"'),
        (
            'enforcer.toml:2: rule.canonical: "a.old.*" is a tree, "a.new" is a module. '
            'Write both in the same form: canonical = "a.new.*". (kinds-differ)'
        ),
    ),
    "name to module": (
        rule('legacy = "a.mod:old"'),
        (
            'enforcer.toml:2: rule.canonical: "a.mod:old" is a name, "a.new" is a module. '
            'Write both in the same form: canonical = "a.new:old". (kinds-differ)'
        ),
    ),
    "module to tree": (
        rule('canonical = "a.new.*"'),
        (
            'enforcer.toml:3: rule.canonical: "a.old" is a module, "a.new.*" is a tree. '
            'Write both in the same form: canonical = "a.new". (kinds-differ)'
        ),
    ),
    "alias to itself": (
        rule('canonical = "a.old"'),
        (
            'enforcer.toml:3: rule.canonical: "a.old" is the legacy path as well. '
            "Write the path that replaces it, or remove the rule. (alias-to-itself)"
        ),
    ),
    "name renamed to itself": (
        rule('names = { x = "y", z = "z" }'),
        (
            'enforcer.toml:4: rule.names.z: "z" is renamed to itself. '
            "Remove it: names that stay the same need no entry. (alias-to-itself)"
        ),
    ),
    "target in its own tree": (
        rule('legacy = "old.*"', 'canonical = "old.new.*"'),
        (
            'enforcer.toml:3: rule.canonical: "old.new.*" lies inside "old.*", the path that it '
            'replaces. Write a canonical path outside of "old", '
            "or rules for the single modules in it. (target-in-own-tree)"
        ),
    ),
    "target below its own module": (
        rule('canonical = "a.old.new"', 'stage = "observe"'),
        (
            'enforcer.toml:3: rule.canonical: "a.old.new" lies inside "a.old", the path that it '
            'replaces. Write a canonical path outside of "a.old", '
            "or rules for the single modules in it. (target-in-own-tree)"
        ),
    ),
    "names are no table": (
        rule('names = ["x"]'),
        (
            'enforcer.toml:4: rule.names: "names" is an array. '
            'Write names = { old_name = "new_name" }. (wrong-type)'
        ),
    ),
    "new name is no string": (
        rule("[rule.names]", "x = 1"),
        'enforcer.toml:5: rule.names.x: "x" is an integer. Write x = "new_name". (wrong-type)',
    ),
    "new name is no identifier": (
        rule('names = { x = "y.z" }'),
        (
            'enforcer.toml:4: rule.names.x: "y.z" is not a name that code can import. '
            'Write old_name = "new_name", each a single identifier. (bad-name)'
        ),
    ),
    "old name is a keyword": (
        rule('names = { class = "y" }'),
        (
            'enforcer.toml:4: rule.names.class: "class" is not a name that code can import. '
            'Write old_name = "new_name", each a single identifier. (bad-name)'
        ),
    ),
    "names on a name rule": (
        rule('legacy = "a:b"', 'canonical = "a:c"', 'names = { x = "y" }'),
        (
            'enforcer.toml:4: rule.names: "a:b" is the rule of a single name, which canonical '
            "renames. "
            "Remove names, or write legacy and canonical as modules. (names-on-name-rule)"
        ),
    ),
    "fallback on a name rule": (
        rule('legacy = "a:b"', 'canonical = "a:c"', 'fallback = "legacy"'),
        (
            'enforcer.toml:4: rule.fallback: "a:b" is the rule of a single name, and fallback '
            "speaks of a module. "
            "Remove fallback, or write legacy and canonical as modules. (option-on-name-rule)"
        ),
    ),
    "implementation on a name rule": (
        rule('legacy = "a:b"', 'canonical = "a:c"', "implementation = true"),
        (
            'enforcer.toml:4: rule.implementation: "a:b" is the rule of a single name, and '
            "implementation speaks of a module. "
            "Remove implementation, or write legacy and canonical as modules. "
            "(option-on-name-rule)"
        ),
    ),
    "unknown fallback": (
        rule('fallback = "new"'),
        (
            'enforcer.toml:4: rule.fallback: "new" is not a fallback. '
            'Write fallback = "legacy", or remove it. (unknown-fallback)'
        ),
    ),
    "fallback is no string": (
        rule("fallback = true"),
        (
            'enforcer.toml:4: rule.fallback: "fallback" is a boolean. '
            'Write fallback = "…". (wrong-type)'
        ),
    ),
    "implementation is no boolean": (
        rule('implementation = "yes"'),
        (
            'enforcer.toml:4: rule.implementation: "implementation" is a string. '
            "Write implementation = true or implementation = false. (wrong-type)"
        ),
    ),
    "implementation with fallback": (
        rule("implementation = true", 'fallback = "legacy"'),
        (
            "enforcer.toml:5: rule.fallback: with implementation = true the legacy module serves "
            "every "
            "name already. Remove fallback, or remove implementation. "
            "(implementation-with-fallback)"
        ),
    ),
    "fail_open in a rule": (
        rule("fail_open = true"),
        (
            'enforcer.toml:4: rule.fail_open: "fail_open" is not a key of a rule. Remove it, or '
            "write "
            "one of legacy, canonical, names, stage, reason, since, remove_after, removal, owner, "
            "link, implementation, fallback, refuse, quiet_for, removed_on, forced. (unknown-key)"
        ),
    ),
    "day that does not exist": (
        rule('since = "2025-02-30"'),
        (
            'enforcer.toml:4: rule.since: "2025-02-30" is not a date. '
            "Write a day that exists, as YYYY-MM-DD: since = 2026-03-31. (bad-date)"
        ),
    ),
    "date in another order": (
        rule('remove_after = "31.03.2026"'),
        (
            'enforcer.toml:4: rule.remove_after: "31.03.2026" is not a date. '
            "Write a day that exists, as YYYY-MM-DD: remove_after = 2026-03-31. (bad-date)"
        ),
    ),
    "date without dashes": (
        rule('since = "20250913"'),
        (
            'enforcer.toml:4: rule.since: "20250913" is not a date. '
            "Write a day that exists, as YYYY-MM-DD: since = 2026-03-31. (bad-date)"
        ),
    ),
    "date with a time": (
        rule("since = 2025-09-13T10:00:00"),
        (
            "enforcer.toml:4: rule.since: 2025-09-13 10:00:00 is not a date. "
            "Write a day that exists, as YYYY-MM-DD: since = 2026-03-31. (bad-date)"
        ),
    ),
    "year alone": (
        rule("since = 2025"),
        (
            "enforcer.toml:4: rule.since: 2025 is not a date. "
            "Write a day that exists, as YYYY-MM-DD: since = 2026-03-31. (bad-date)"
        ),
    ),
    "removed before it was deprecated": (
        rule("since = 2025-09-13", "remove_after = 2025-09-12"),
        (
            "enforcer.toml:5: rule.remove_after: 2025-09-12 is before 2025-09-13, the day in "
            "since. "
            "Write a later day, or mend since. (dates-reversed)"
        ),
    ),
    "removal is no string": (
        rule("removal = 4.0"),
        'enforcer.toml:4: rule.removal: "removal" is a float. Write removal = "…". (wrong-type)',
    ),
    "reason is no string": (
        rule("reason = 2025-09-13"),
        'enforcer.toml:4: rule.reason: "reason" is a date. Write reason = "…". (wrong-type)',
    ),
    "owner is no string": (
        rule('owner = ["@a"]'),
        'enforcer.toml:4: rule.owner: "owner" is an array. Write owner = "…". (wrong-type)',
    ),
    "link is no string": (
        rule("link = { x = 1 }"),
        'enforcer.toml:4: rule.link: "link" is a table. Write link = "…". (wrong-type)',
    ),
    "enforcer itself": (
        rule('legacy = "enforcer.rules"'),
        (
            'enforcer.toml:3: rule.legacy: "enforcer.rules" lies in "enforcer", which the '
            "interpreter "
            "or the enforcer itself needs. Remove this rule. (forbidden-legacy)"
        ),
    ),
    "builtin": (
        rule('legacy = "sys"'),
        (
            'enforcer.toml:3: rule.legacy: "sys" lies in "sys", which the interpreter '
            "or the enforcer itself needs. Remove this rule. (forbidden-legacy)"
        ),
    ),
    "importlib": (
        rule('legacy = "importlib.*"', 'canonical = "b.*"'),
        (
            'enforcer.toml:2: rule.legacy: "importlib.*" lies in "importlib", which the '
            "interpreter "
            "or the enforcer itself needs. Remove this rule. (forbidden-legacy)"
        ),
    ),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_a_mistake_in_the_options_is_one_message(
    mistakes_of: Callable[..., list[str]], case: str
) -> None:
    """File, line, key, what is wrong, what to write, and the slug."""
    text, message = OPTIONS[case]

    assert mistakes_of(text) == [message]


@pytest.mark.parametrize("case", RULES)
def test_a_mistake_in_a_rule_is_one_message(
    mistakes_of: Callable[..., list[str]], case: str
) -> None:
    """File, line, key, what is wrong, what to write, and the slug."""
    text, message = RULES[case]

    assert mistakes_of(text) == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[tool.enforcer]\nservicename = "x"',
            (
                'pyproject.toml:2: tool.enforcer.servicename: "servicename" is not a key of '
                "[tool.enforcer]. "
                'Write "service". (unknown-key)'
            ),
        ),
        (
            "[tool.enforcer]\n[[tool.enforcer.rules]]\n",
            (
                "pyproject.toml:2: tool.enforcer.rules: [[tool.enforcer.rules]] is not a table "
                "of the "
                'map. Write "rule". (unknown-table)'
            ),
        ),
        (
            '[[tool.enforcer.factory]]\nlegacy = "a:b"',
            (
                'pyproject.toml:1: tool.enforcer.factory: the factory has no "canonical". '
                'Write canonical = "package.new:get_thing". (missing-key)'
            ),
        ),
        (
            '[project]\nname = "x"\n' + rule('stage = "loud"', header="[[tool.enforcer.rule]]"),
            (
                'pyproject.toml:6: tool.enforcer.rule.stage: "loud" is not a stage. '
                "Write one of observe, alias, warn, strict, removed. (unknown-stage)"
            ),
        ),
        (
            "[tool.enforcer.rule]\n",
            (
                'pyproject.toml:1: tool.enforcer.rule: "rule" is a table. '
                "Write [[tool.enforcer.rule]], with two brackets, once for each rule. (wrong-type)"
            ),
        ),
        (
            "[tool]\nenforcer = true",
            (
                'pyproject.toml:2: tool.enforcer: "enforcer" is a boolean. '
                "Write [tool.enforcer] and its keys below it. (wrong-type)"
            ),
        ),
    ],
)
def test_a_project_file_is_judged_in_the_same_way(
    mistakes_of: Callable[..., list[str]], text: str, message: str
) -> None:
    """The key in the message is the one that stands in that file."""
    assert mistakes_of(text, name="pyproject.toml") == [message]


def test_all_mistakes_come_at_once_in_the_order_of_the_lines(
    mistakes_of: Callable[..., list[str]],
) -> None:
    """A map is mended once."""
    text = """\
        [enforcer]
        default_stage = "loud"
        fail_open = 1

        [[rule]]
        legacy = "a.old"
        canonical = "a.old"
        since = "soon"

        [[rule]]
        canonical = "b..c"
        stgae = "alias"
    """

    found = [(line.split(":")[1], line.rpartition("(")[2]) for line in mistakes_of(text)]

    assert found == [
        ("2", "unknown-stage)"),
        ("3", "wrong-type)"),
        ("7", "alias-to-itself)"),
        ("8", "bad-date)"),
        ("10", "missing-key)"),
        ("11", "bad-path)"),
        ("12", "unknown-key)"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        rule('legacy = "a.match"', "implementation = true"),  # a soft keyword
        rule('legacy = "métier.старый"'),
        rule('legacy = "distutils"', 'stage = "observe"'),  # standard, but not vital
        rule('legacy = "systems.old"'),
        rule("since = 2025-09-13", "remove_after = 2025-09-13"),
        rule('fallback = ""'),
        rule('legacy = "a.old"', 'canonical = "a.old.impl"', "implementation = true"),
        rule('legacy = "new.old"', 'canonical = "new"'),
        rule("names = {}"),
    ],
)
def test_what_is_unusual_but_sound_is_accepted(
    read_map: Callable[..., MigrationMap], text: str
) -> None:
    """A mistake must be certain, since it refuses the whole map."""
    assert len(read_map(text).rules) == 1
