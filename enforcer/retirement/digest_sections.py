"""The digest as a document, for an issue or a webhook, and as JSON."""

from collections.abc import Iterator
from typing import Any

from enforcer.output.document import BLANK, CODE, STRONG, Document, Line, Table, Words
from enforcer.output.document import as_json as dump
from enforcer.output.times import iso, short
from enforcer.output.words import counted, listed, visible
from enforcer.report.as_json import site_record
from enforcer.report.words import function, origin, place, team
from enforcer.retirement.digest import Digest, NewCaller
from enforcer.retirement.plan import Due, Planned
from enforcer.retirement.plan_sections import planned_record
from enforcer.retirement.verdict_history import ChangedVerdict
from enforcer.verdict.model import ANSWERS
from enforcer.verdict.words import answer, reason

_MOST_PATHS = 10


def document(digest: Digest, top: int) -> Document:
    """Yield the sections of a digest that have something to say.

    Args:
        digest: the digest.
        top: how many new call sites to show.

    """
    whom = f" for {visible(digest.owner)}" if digest.owner else ""
    span = f"{short(digest.since)[:10]} to {short(digest.until)[:10]}"
    yield Line(f"Deprecated imports{whom}, {span}", STRONG, level=1)
    yield Line(_summary(digest))
    for section in (_new(digest, top), _due(digest), _changed(digest), _lost(digest)):
        blocks = list(section)
        if blocks:
            yield BLANK
            yield from blocks


def _summary(digest: Digest) -> str:
    sites = sum(digest.left.values())
    files = f"files of {visible(digest.owner)}" if digest.owner else "code"
    used = f"{counted(sites, 'call site')} in {files} used {counted(len(digest.left), 'old path')}"
    paths = [f"{visible(path)} {number:,}" for path, number in digest.left.items()]
    most = f": {listed(paths, _MOST_PATHS)}" if paths else ""
    return f"{used}{most}."


def _new(digest: Digest, top: int) -> Iterator[Line | Table]:
    if not digest.new:
        yield Line("No new call sites.")
        return
    yield Line(f"New call sites: {len(digest.new):,}", STRONG, level=2)
    headings = ("old path", "where", "owners of the file", "first seen", "what to write")
    yield Table(headings, tuple(_caller(one) for one in digest.new[:top]))
    rest = len(digest.new) - top
    if rest > 0:
        yield Line(f"… and {counted(rest, 'more call site')}: enforcer digest --top {top + rest}")


def _caller(one: NewCaller) -> tuple[Words, ...]:
    site = one.site
    inside, whose = function(site), origin(site)
    where: Words = (
        (place(site), CODE),
        f" in {inside}" if inside else "",
        f" ({whose})" if whose else "",
    )
    _, verb, statement = one.write.partition("Write: ")
    write: Words = (("", CODE), visible(one.write))
    if verb and "\n" not in statement:
        write = ((visible(statement), CODE),)
    return ((visible(one.legacy), CODE),), where, team(site), short(site.first_seen), write


def _due(digest: Digest) -> Iterator[Line]:
    today = digest.plan.today.isoformat()
    lines = [_rule(one) for due in (Due.OVERDUE, Due.SOON) for one in digest.plan.of(due)]
    for planned in digest.plan.rules:
        for exemption in planned.exemptions:
            is_past = not exemption.holds_on(today)
            if is_past:
                words = f"the exemption of {visible(exemption.caller)} ended {exemption.until}"
                lines.append(Line((words, " for ", (exemption.path, CODE)), weight="warns"))
    ready = [one for one in digest.plan.rules if one.step.is_possible]
    if lines:
        yield Line("Due", STRONG, level=2)
        yield from lines
    if ready:
        paths = tuple(Line(_advance(one)) for one in ready[:_MOST_PATHS])
        yield Line("Can have their next stage, which breaks nobody", STRONG, level=2, below=paths)


def _rule(one: Planned) -> Line:
    when = "was to be removed" if one.due == Due.OVERDUE else "is to be removed"
    owners = f" · {visible(' '.join(one.owners))}" if one.owners else ""
    verdict = f" · {answer(one.step.verdict)}" if one.step.verdict is not None else ""
    words: Words = (
        (visible(one.rule.legacy), CODE),
        f" {when} after {one.rule.remove_after} · {one.step.stage}{verdict}{owners}",
    )
    obstacles = [str(each) for each in one.step.obstacles]
    below = (Line(listed(obstacles, 3)),) if obstacles else ()
    return Line(words, below=below, weight="wrong" if one.due == Due.OVERDUE else "warns")


def _advance(one: Planned) -> str:
    command = "retire" if one.step.following == "removed" else "advance"
    return f"{one.step.stage} → {one.step.following}: enforcer {command} {one.rule.legacy}"


def _changed(digest: Digest) -> Iterator[Line]:
    if not digest.compared:
        yield Line("Verdicts of earlier days are not known yet: the next digest compares.", "dim")
    elif digest.changed:
        title = f"Verdicts that changed since {digest.compared}"
        yield Line(title, STRONG, level=2, below=tuple(map(_change, digest.changed)))


def _change(one: ChangedVerdict) -> Line:
    before = ANSWERS.get(one.before, one.before) if one.before else "new"
    words: Words = (
        (visible(one.verdict.legacy), CODE),
        f": {before} → ",
        (answer(one.verdict), STRONG),
        f". {visible(reason(one.verdict))}",
    )
    return Line(words)


def _lost(digest: Digest) -> Iterator[Line]:
    if digest.lost:
        yield Line("Lost watch", STRONG, level=2, below=tuple(map(Line, digest.lost)))


def as_json(digest: Digest) -> str:
    """Return a digest as one JSON document; fields are only ever added."""
    return dump(
        {
            "since": iso(digest.since),
            "until": iso(digest.until),
            "owner": digest.owner,
            "left": digest.left,
            "new": [_new_record(one) for one in digest.new],
            "due": [
                planned_record(one, digest.plan)
                for due in (Due.OVERDUE, Due.SOON)
                for one in digest.plan.of(due)
            ],
            "can_advance": [one.rule.legacy for one in digest.plan.rules if one.step.is_possible],
            "compared_with": digest.compared,
            "changed": [
                {
                    "legacy": one.verdict.legacy,
                    "before": one.before,
                    "verdict": one.verdict.answer,
                    "reason": reason(one.verdict),
                }
                for one in digest.changed
            ],
            "lost_watch": list(digest.lost),
        }
    )


def _new_record(one: NewCaller) -> dict[str, Any]:
    return {
        "legacy": one.legacy,
        **site_record(one.site),
        "rule_owners": list(one.rule_owners),
        "write": one.write,
    }
