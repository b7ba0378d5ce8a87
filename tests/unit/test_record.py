"""Records: slots and ``__init__`` from annotations, by a loop first, compiled for many objects."""

import copy
import pickle
import threading
import weakref

import pytest

from enforcer.record import Record

MANY = 200


class Point(Record):
    x: int
    y: "NoSuchType"  # type: ignore[name-defined] # noqa: F821 - annotations are never resolved
    label: str = "here"


def make_kind() -> type[Point]:
    """Return a class of which no object exists."""

    class Fresh(Record):
        x: int
        y: int
        label: str = "here"

    return Fresh  # type: ignore[return-value]


def test_fields_are_slots_in_their_order_and_defaults_apply() -> None:
    point = Point(1, y=2)
    assert Point.__slots__ == ("x", "y", "label")
    assert (point.x, point.y, point.label) == (1, 2, "here")
    with pytest.raises(AttributeError):
        point.z = 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("before", [0, MANY])
@pytest.mark.parametrize(
    ("values", "named", "text"),
    [
        ((1,), {}, "missing 1 required positional argument: 'y'"),
        ((1, 2), {"x": 1}, "multiple values for argument 'x'"),
        ((1, 2), {"z": 1}, "unexpected keyword argument 'z'"),
        ((1,), {"z": 1}, "unexpected keyword argument 'z'|missing 1 required"),
        ((1, 2, "a", "b"), {}, "takes from 3 to 4 positional arguments but 5 were given"),
    ],
)
def test_wrong_arguments_raise_what_python_raises(
    before: int, values: tuple[object, ...], named: dict[str, object], text: str
) -> None:
    kind = make_kind()
    for _ in range(before):
        kind(1, 2)
    with pytest.raises(TypeError, match=text):
        kind(*values, **named)  # type: ignore[arg-type]


def test_objects_are_the_same_before_and_after_the_init_is_compiled() -> None:
    kind = make_kind()
    by_loop = kind(1, 2, label="there")
    assert "__init__" not in vars(kind)
    points = [kind(1, 2, label="there") for _ in range(MANY)]
    assert "__init__" in vars(kind)
    assert {repr(point) for point in points} == {repr(by_loop)}
    assert kind(3, 4).label == "here"


def test_threads_create_whole_objects_while_the_init_is_compiled() -> None:
    kind = make_kind()
    points: list[Point] = []
    start = threading.Barrier(4)

    def create() -> None:
        start.wait()
        points.extend(kind(number, -number) for number in range(MANY))

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((point.x, point.y, point.label) for point in points) == sorted(
        (number, -number, "here") for number in range(MANY) for _ in range(4)
    )


def test_records_are_equal_by_identity_hashable_and_not_weakly_referable() -> None:
    one, other = Point(1, 2), Point(1, 2)
    assert one != other
    assert len({one, other}) == 2
    with pytest.raises(TypeError, match="weak reference"):
        weakref.ref(one)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_records_survive_pickling_and_copying(protocol: int) -> None:
    point = Point(1, 2, "there")
    for twin in (pickle.loads(pickle.dumps(point, protocol)), copy.copy(point)):  # noqa: S301 - own
        assert type(twin) is Point
        assert repr(twin) == repr(point) == "Point(x=1, y=2, label='there')"


def test_no_second_class_is_left_behind() -> None:
    class Lonely(Record):
        x: int

    assert [kind.__qualname__ for kind in Record.__subclasses__()].count(Lonely.__qualname__) == 1
