"""Count what became of events, from what users received."""

from collections import Counter

from enforcer.demo.clients import Conversation, User
from enforcer.demo.figures import EVENTS, count

SOUND = {"alice": {"routes": "A", "tools": "A"}, "bob": {"routes": "B", "tools": "B"}}


def talked(**changes: int) -> User:
    """Make a user who got each event of one run once, but for these."""
    times = dict.fromkeys(EVENTS, 1) | changes
    received = Counter({("run", kind): number for kind, number in times.items()})
    return User("alice", ["run"], received)


def test_everything_once() -> None:
    """What is as it should be has no faults."""
    figures = count(Conversation((talked(),), SOUND))

    assert (figures.sent, figures.once, figures.managers) == (5, 5, 1)
    assert figures.is_sound


def test_duplicates_and_losses() -> None:
    """An event that came three times is one that is duplicated."""
    figures = count(Conversation((talked(agent_started=3, tool_completed=0),), SOUND))

    assert (figures.once, figures.duplicated, figures.lost) == (3, 1, 1)
    assert not figures.is_sound


def test_nothing_at_all() -> None:
    """An event that nobody received is lost, though no client speaks of it."""
    figures = count(Conversation((User("alice", ["run"]),), SOUND))

    assert figures.lost == figures.sent == 5


def test_events_of_others() -> None:
    """An event counts for the user whom it names, not for the one who got it."""
    user = User("bob")
    event = {"user": "alice", "run": "run", "type": "agent_started"}
    user.take(event)
    figures = count(Conversation((talked(), user), SOUND))

    assert (figures.once, figures.misdelivered) == (5, 1)
    assert not figures.is_sound
    assert user.foreign == [event]


def test_managers() -> None:
    """Managers are told apart by name, and none is no manager."""
    managers = {
        "alice": {"routes": "A", "tools": "B", "results": None},
        "bob": {"routes": "A", "tools": "C", "results": "D"},
    }
    figures = count(Conversation((talked(),), managers))

    assert (figures.managers, figures.shared, figures.unreached) == (3, 1, 1)
    assert not figures.is_sound
