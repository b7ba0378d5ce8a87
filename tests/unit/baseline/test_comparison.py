"""Compare runs with baselines: four verdicts, and what becomes of the file."""

import itertools
import json
from collections.abc import Iterable

import pytest

from enforcer.baseline import Baseline, Entry
from enforcer.baseline.comparison import Verdict, compare, grown, merged, shrunk
from enforcer.baseline.model import Key, Names, key_of
from enforcer.baseline.run_record import ALLOWED, Record, SeenSite
from enforcer.recording.recorder import Tally
from enforcer.recording.use import ALIASED, BLOCKED, CallSite
from enforcer.rules.model import Rule

KEY = ("a.old", "app.py", "f", "import_statement")


def site(line: int, *names: str, **changed: str) -> CallSite:
    fields = {"file": "app.py", "function": "f", "module": "app", "mechanism": "import_statement"}
    return CallSite("a.old", line=line, names=names, **{**fields, **changed})


def seen_by(sites: Iterable[CallSite]) -> dict[Key, dict[int, Names]]:
    """Give what a run has recorded that had a use at each of these."""
    record = Record()
    for each in sites:
        tally = Tally(Rule("a.old", "a.new"), ALIASED, each)
        tally.count()
        use = tally.take(0)
        assert use is not None
        record.add(use, "a test")
    return record.lines()


def verdicts(
    baseline: Baseline, *sites: CallSite, is_complete: bool = True
) -> list[tuple[str, Verdict]]:
    judged = compare(baseline, seen_by(sites), is_complete=is_complete)
    return [(one.entry.file, one.verdict) for one in judged]


@pytest.mark.parametrize(
    ("count", "lines", "verdict"),
    [
        (2, (5, 9), Verdict.TOLERATED),
        (2, (105, 109), Verdict.TOLERATED),
        (1, (5, 9), Verdict.GREW),
        (3, (5, 9), Verdict.SHRANK),
        (3, (), Verdict.STALE),
    ],
)
def test_each_verdict(count: int, lines: tuple[int, ...], verdict: Verdict) -> None:
    """Lines may move; how many there are counts."""
    baseline = Baseline([Entry(*KEY, count=count)])

    assert verdicts(baseline, *map(site, lines)) == [("app.py", verdict)]


def test_what_the_baseline_lacks_is_new() -> None:
    assert verdicts(Baseline(), site(1)) == [("app.py", Verdict.NEW)]
    changes = ({"file": "b.py"}, {"function": "g"}, {"mechanism": "import_module"})
    for changed in changes:
        found = verdicts(Baseline([Entry(*KEY)]), site(1), site(2, **changed))
        assert [verdict for _, verdict in found].count(Verdict.NEW) == 1


def test_a_part_of_a_run_makes_nothing_stale() -> None:
    baseline = Baseline([Entry(*KEY, count=2), Entry("b.old", "b.py", "f", "call")])

    assert verdicts(baseline, site(1), is_complete=False) == [("app.py", Verdict.TOLERATED)]


def test_what_is_flaky_is_never_stale() -> None:
    baseline = Baseline([Entry(*KEY, count=2, is_flaky=True)])

    assert verdicts(baseline) == []
    assert verdicts(baseline, site(1)) == [("app.py", Verdict.TOLERATED)]
    assert verdicts(baseline, *map(site, (1, 2, 3))) == [("app.py", Verdict.GREW)]


def test_a_baseline_shrinks_and_does_not_grow_by_itself() -> None:
    baseline = Baseline([Entry(*KEY, count=3), Entry("b.old", "b.py", "f", "call")])
    judged = compare(baseline, seen_by([site(1), site(2, file="new.py")]), is_complete=True)

    assert shrunk(baseline, judged) == Baseline([Entry(*KEY, count=1)])
    larger = grown(shrunk(baseline, judged), judged)
    assert larger == Baseline(
        [Entry(*KEY, count=1), Entry("a.old", "new.py", "f", "import_statement")]
    )
    assert [entry.line for entry in larger] == [0, 0]  # from no file


def test_merging_keeps_all_of_each() -> None:
    one = Baseline([Entry(*KEY, count=1), Entry("b.old", "b.py", "f", "call")])
    other = Baseline([Entry(*KEY, count=2, is_flaky=True)])

    assert merged([one, other]) == merged([other, one])
    assert merged([one, other]) == Baseline(
        [Entry(*KEY, count=2, is_flaky=True), Entry("b.old", "b.py", "f", "call")]
    )


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("/usr/lib/python3.11/site-packages/x/y.py", "site-packages/x/y.py"),
        ("/usr/lib/python3/dist-packages/x.py", "dist-packages/x.py"),
        ("shop/orders.py", "shop/orders.py"),
        ("/elsewhere/x.py", "/elsewhere/x.py"),
    ],
)
def test_installed_files_have_one_name_on_every_machine(file: str, named: str) -> None:
    assert key_of(site(1, file=file)) == ("a.old", named, "f", "import_statement")
    assert list(seen_by([site(1, file=file)])) == [("a.old", named, "f", "import_statement")]


XY = Entry(*KEY, count=2, names=("X", "Y"))


def test_a_swap_of_two_uses_within_one_function_is_seen() -> None:
    """One is gone and another one is new, though there are as many as before."""
    swapped = [site(5, "X"), site(9, "Z")]
    judged = compare(Baseline([XY]), seen_by(swapped), is_complete=True)

    assert [(one.verdict, one.lines) for one in judged] == [
        (Verdict.SHRANK, (5,)),
        (Verdict.NEW, (9,)),
    ]
    assert judged[1].other_names == ", asking for Z where the baseline has X, Y"
    assert list(shrunk(Baseline([XY]), judged)) == [Entry(*KEY, names=("X",))]
    assert list(grown(shrunk(Baseline([XY]), judged), judged)) == [
        Entry(*KEY, count=2, names=("X", "Z"))
    ]
    (tolerated, refused) = swapped
    assert tolerated in Baseline([XY])
    assert refused not in Baseline([XY])


@pytest.mark.parametrize("names", [("Z",), ("X", "Z"), ("*",), ()])
def test_other_names_are_new(names: tuple[str, ...]) -> None:
    """An import of the module itself, or a star, reaches every name of it."""
    one = Baseline([Entry(*KEY, names=("X",))])

    assert verdicts(one, site(5, *names), is_complete=False) == [("app.py", Verdict.NEW)]
    assert verdicts(one, site(5, *names)) == [("app.py", Verdict.NEW), ("app.py", Verdict.STALE)]
    assert site(5, *names) not in one


def test_an_entry_without_names_tolerates_any() -> None:
    """As baselines of earlier versions are; a run that shrinks them adds no names."""
    earlier = Baseline([Entry(*KEY, count=2)])
    judged = compare(earlier, seen_by([site(5, "Z")]), is_complete=True)

    assert [one.verdict for one in judged] == [Verdict.SHRANK]
    assert list(shrunk(earlier, judged)) == [Entry(*KEY)]
    assert site(5) in earlier


def test_names_are_recorded_where_they_tell_uses_apart() -> None:
    def written(*sites: CallSite) -> list[Names]:
        judged = compare(Baseline(), seen_by(sites), is_complete=True)
        return [entry.names for entry in grown(Baseline(), judged)]

    assert written(site(5, "Y"), site(9, "X", "Y")) == [("X", "Y")]
    assert written(site(5, "Y"), site(5, "X")) == [("X", "Y")]
    assert written(site(5, "Y"), site(9)) == [None]
    assert written(site(5, "*")) == [None]
    assert written(site(5, "Y", mechanism="attribute")) == [None]


def test_a_record_in_json_keeps_the_names() -> None:
    """One of an earlier version has none, which is no sign of anything new."""
    record, other, earlier = Record(), Record(), Record()
    record.add_site(SeenSite(*KEY, 5, ALIASED, "", "a test", names=("X",)))
    document = json.loads(json.dumps(record.as_document()))
    other.merge(document)
    document["sites"][0].pop("names")
    earlier.merge(document)

    assert other.lines() == record.lines() == {KEY: {5: ("X",)}}
    judged = compare(Baseline([Entry(*KEY, names=("Z",))]), earlier.lines(), is_complete=True)
    assert [one.verdict for one in judged] == [Verdict.TOLERATED]


@pytest.mark.parametrize(
    ("line", "function", "place"),
    [(5, "f", "app.py:5 in f()"), (5, "<module>", "app.py:5"), (0, "<module>", "app.py")],
)
def test_a_place_as_a_person_reads_it(line: int, function: str, place: str) -> None:
    seen = SeenSite("a.old", "app.py", function, "call", line, ALIASED, "", "a test")

    assert seen.place == place


def test_what_weighs_most_stays() -> None:
    """A use without an excuse is a matter of the baseline, whatever other parts of a run do."""
    used = SeenSite(*KEY, 5, ALIASED, "", "a test")
    refused = used._replace(outcome=BLOCKED, where="another test")
    allowed = refused._replace(excuse=ALLOWED, where="a third one")
    for order in itertools.permutations([used, refused, allowed]):
        record = Record()
        for one in order:
            record.add_site(one)
        assert list(record) == [refused]


def test_merging_keeps_names_and_their_absence() -> None:
    other = Baseline([Entry(*KEY, names=("Z",))])

    assert list(merged([Baseline([XY]), other])) == [Entry(*KEY, count=2, names=("X", "Y", "Z"))]
    assert list(merged([other, Baseline([Entry(*KEY)])])) == [Entry(*KEY)]
