"""Play a world: what its processes record, by the real recorder and backlog, in a real store."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from enforcer.recording.backlog import Backlog
from enforcer.recording.notice import BLIND, Notice
from enforcer.recording.process import INTERVAL, Process
from enforcer.recording.recorder import Recorder
from enforcer.recording.use import ALIASED
from enforcer.rules.model import Rule
from enforcer.store.sqlite.losses import leave_losses, losses_beside
from enforcer.store.sqlite.scans import write_scan
from enforcer.store.sqlite.schema import EXIT
from tests.simulation.clock import Clock
from tests.simulation.source import rule_of, scan, site_of, version
from tests.simulation.store import SimulatedStore
from tests.simulation.world import BEGIN, DAY, END, EXITED, KILLED, SECOND, Life, World

_QUEUE: Final = 2
"""How many rows a process keeps while it can't write."""

_BLIND: Final = Notice(BLIND, "builtins.__import__", "A library replaced it.")

# What happens at one moment happens in this order.
_DELETED, _START, _CHANGE, _USE, _STOP, _ASK = range(6)

Event = tuple[int, int, int]


class _Map(tuple[Rule, ...]):  # noqa: SLOT001 - it has one more attribute
    """The rules of a map, with what a store knows the whole map by."""

    identity = ""


class _Running:
    """A process that runs, with the recorder and the queue of its enforcer."""

    __slots__ = ("backlog", "life", "process", "recorder", "rules", "since")

    def __init__(self, life: Life, name: str, version: str, rules: _Map) -> None:
        self.life = life
        self.rules = rules
        self.recorder = Recorder(10_000)
        self.backlog = Backlog(_QUEUE)
        self.since = life.clock(life.started)
        self.process = Process(
            id=name,
            pid=2,
            service=life.service.name,
            service_version=version,
            environment=life.service.environment,
            host=life.host,
            python="3.13.0",
            command=f"python -m {life.service.name}",
            started=self.since,
            map_path="/srv/shop/enforcer.toml",
            root="/srv/shop",
        )


class Player:
    """Plays one world into one store."""

    def __init__(self, world: World, path: str) -> None:
        """Prepare; nothing is written yet.

        Args:
            world: what happens.
            path: the store's file, which is not there yet.

        """
        self._world = world
        self._path = path
        self._clock = Clock(BEGIN)
        self._rules = [rule_of(number) for number in range(len(world.rules))]
        self._sites = [site_of(number, caller) for number, caller in enumerate(world.callers)]
        self._maps: dict[tuple[int, ...], _Map] = {}
        self._running: dict[int, _Running] = {}
        self._scanned = 0
        self._acts = {
            _DELETED: self._delete,
            _START: self._start,
            _CHANGE: self._change,
            _USE: self._use,
            _STOP: self._stop,
        }

    def play(self, ask: Callable[[int], None]) -> None:
        """Play all that happens.

        Args:
            ask: called with the time of each question, when the store has all until then.

        """
        with self._clock.in_recorder():
            self._store = SimulatedStore(self._path, self._clock)
            try:
                today = 0
                for time, kind, number in self._events():
                    if time // DAY > today:
                        today = time // DAY
                        self._clock.time = time
                        self._store.commit()
                        self._store.sweep()
                    if kind == _ASK:
                        self._prepare_question(time)
                        ask(time)
                        continue
                    self._store.begin()
                    self._acts[kind](time, number)
            finally:
                self._store.commit()
                self._store.close()

    def _events(self) -> Iterator[Event]:
        world = self._world
        events: list[Event] = [(time, _ASK, 0) for time in world.asks]
        if world.store_deleted:
            events.append((world.store_deleted, _DELETED, 0))
        for number, life in enumerate(world.lives):
            events += [(life.started, _START, number), (life.ended, _STOP, number)]
            changes = {until for _, until in life.unreachable} | {at for at, _ in life.offsets}
            events += [(at, _CHANGE, number) for at in changes if life.started < at < life.ended]
        events += [(use.time, _USE, number) for number, use in enumerate(world.uses)]
        return (event for event in sorted(events) if event[0] <= END)

    def _start(self, time: int, number: int) -> None:
        life = self._world.lives[number]
        if not life.is_enabled:
            return
        name = f"{self._world.seed:016x}{number:016x}"
        self._running[number] = _Running(life, name, version(self._world, life), self._map_of(life))
        self._watch(time, self._running[number])

    def _map_of(self, life: Life) -> _Map:
        """Return the map in the version that a process was deployed with."""
        numbers = tuple(
            number
            for number, added in enumerate(self._world.rules)
            if added <= life.built or added == BEGIN
        )
        if numbers not in self._maps:
            self._maps[numbers] = _Map(self._rules[number] for number in numbers)
            self._maps[numbers].identity = f"{hash(numbers):x}"
        return self._maps[numbers]

    def _watch(self, time: int, running: _Running) -> None:
        """Write a heartbeat after which a new span begins, if there was a gap before."""
        self._clock.time = running.life.clock(time)
        if running.life.reaches_store(time):
            self._store.watch(running.process, running.rules, INTERVAL)
            running.since = max(running.since, self._clock.time)
            if running.life.is_blind:
                self._store.note(running.process, [_BLIND])

    def _change(self, time: int, number: int) -> None:
        """Write again after a time without the store, or with another clock."""
        running = self._running.get(number)
        if running is not None:
            self._extend(time - SECOND, running)
            self._watch(time, running)
            self._flush(time, running)

    def _extend(self, time: int, running: _Running) -> None:
        """Write the heartbeats until a time, or until it could not write any more."""
        begins = [since for since, until in running.life.unreachable if since <= time < until]
        till = running.life.clock(min([time, *begins]))
        self._clock.time = till
        self._store.extend(running.process, running.since, till)

    def _use(self, time: int, number: int) -> None:
        use = self._world.uses[number]
        running = self._running.get(use.life)
        if running is None or running.life.is_blind:
            return
        rule = self._rules[self._world.callers[use.caller].rule]
        if rule not in running.rules:
            return
        self._clock.time = running.life.clock(time)
        tally = running.recorder.tally(rule, ALIASED, self._sites[use.caller])
        for _ in range(use.count):
            tally.count()
        is_last = running.life.ending == KILLED and running.life.ended - time < INTERVAL * SECOND
        if not (is_last or self._goes_on(number)):
            self._flush(time, running)

    def _goes_on(self, number: int) -> bool:
        """Return whether the same process has another use at the same moment."""
        uses = self._world.uses
        this, following = uses[number], uses[min(number + 1, len(uses) - 1)]
        return this is not following and (this.time, this.life) == (following.time, following.life)

    def _flush(self, time: int, running: _Running) -> None:
        self._clock.time = running.life.clock(time)
        running.backlog.take(running.recorder.collect)
        if not running.backlog or not running.life.reaches_store(time):
            return
        # Without it the writer would see a silence since the last use.
        self._extend(time, running)
        while running.backlog:
            batch = running.backlog.oldest()
            self._store.write(running.process, batch.sequence, batch.uses, batch.dropped)
            running.backlog.remove(batch)

    def _stop(self, time: int, number: int) -> None:
        running = self._running.pop(number, None)
        if running is None:
            return
        if running.life.ending != EXITED:
            self._extend(max(time - 30 * SECOND, running.life.started), running)
        elif running.life.reaches_store(time):
            self._flush(time, running)
            self._extend(time, running)
            self._store.leave(running.process, EXIT)
        else:
            self._extend(time, running)
            self._mark_losses(running)

    def _mark_losses(self, running: _Running) -> None:
        leave_losses(self._path, running.process, running.backlog, running.recorder)
        for loss in losses_beside(self._path):
            if loss.process == running.process.id:
                os.utime(loss.file, ns=(self._clock.time, self._clock.time))

    def _delete(self, time: int, _: int) -> None:
        self._store.commit()
        self._store.close()
        for end in ("", "-wal", "-shm"):
            Path(self._path + end).unlink(missing_ok=True)
        self._clock.time = time
        self._store = SimulatedStore(self._path, self._clock)
        self._scanned = 0
        for running in self._running.values():
            running.since = 0
            self._watch(time, running)

    def _prepare_question(self, time: int) -> None:
        self._store.begin()
        for running in self._running.values():
            self._extend(time, running)
        self._clock.time = time
        self._store.commit()
        scans = [at for at in self._world.scans if self._world.store_deleted < at <= time]
        if time < self._world.store_deleted:
            scans = [at for at in self._world.scans if at <= time]
        if scans and scans[-1] != self._scanned:
            self._scanned = scans[-1]
            write_scan(self._path, scan(self._world, self._scanned))
