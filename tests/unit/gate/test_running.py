"""References in the source beside the call sites that were seen."""

from dataclasses import replace

from enforcer.baseline.run_record import SeenSite
from enforcer.findings import RecordedScan, ScanFinding
from enforcer.gate.running import join

HERE = ScanFinding(
    "shop/app.py", 3, 6, 3, 9, "shop.old", "shop.new", "shop.old", "from", function="f"
)
SITE = SeenSite("shop.old", "shop/app.py", "f", "import_statement", 5, "aliased", "", "a store")


def test_a_reference_is_live_where_a_use_was_seen_in_its_function() -> None:
    """Lines move."""
    other = replace(HERE, function="g", line=9)

    joined = join([HERE, other], [SITE])

    assert (joined.live, joined.silent, joined.dynamic, joined.gone) == ((HERE,), (other,), (), ())


def test_a_string_is_live_by_whatever_imports_it() -> None:
    text = replace(HERE, form="string")

    assert join([text], [SITE._replace(kind="import_module")]).live == (text,)


def test_a_use_that_no_source_shows_is_dynamic() -> None:
    sites = [
        SITE._replace(kind="import_module"),
        SITE._replace(kind="pickle", function="g"),
        SITE._replace(file="site-packages/x.py"),
        SITE._replace(file="/srv/x.py"),
    ]

    joined = join([], sites)

    assert set(joined.dynamic) == set(sites)
    assert joined.gone == ()


def test_a_use_by_a_statement_that_is_not_there_any_more_is_gone() -> None:
    assert join([], [SITE]).gone == (SITE,)


def test_what_an_earlier_scan_had_is_gone_too() -> None:
    called = SITE._replace(kind="import_module")
    before = RecordedScan(
        "", is_dirty=False, committed=0, scanned=1, root="/", files=1, findings=(HERE,)
    )

    assert join([], [called], before).gone == (called,)


def test_a_factory_is_live_where_its_file_calls_it() -> None:
    """Its import is at the top of the file; the call in a function is what run time records."""
    made = replace(HERE, legacy="shop.live:make", rule="shop.live:make", function="<module>")
    call = SITE._replace(path="shop.live:make", kind="call")
    elsewhere = call._replace(file="shop/other.py")

    joined = join([made], [call, elsewhere])

    assert (joined.live, joined.dynamic) == ((made,), (elsewhere,))
