"""Calls that ask for instances, from the main thread, other threads, tasks, and concurrently."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from threading import Barrier, Thread
from typing import Any, Final

from enforcer.runtime.delegation.calls import parameters_of
from enforcer.runtime.delegation.parameters import SYNC
from enforcer.runtime.refusals import LegacyCallError, LegacyImportError
from enforcer.verification.facts import AT_ONCE, MAIN, TASK, THREAD, Called, Sampled
from enforcer.verification.objects import Objects, name_of
from enforcer.verification.sample_arguments import UntriedError, arguments, said, values_for

CROWD: Final = 8
"""Number of threads that ask for the instance of one key at once."""


class Calls:
    """Caller of classes and factories of one rule for instances."""

    def __init__(self, objects: Objects, rule: Sampled, found: Mapping[str, Any]) -> None:
        self._objects = objects
        self._rule = rule
        self._found = found
        self._renamed: dict[str, Mapping[str, str]] = {}

    def call(
        self,
        path: str,
        key: str | None,
        *,
        context: str = MAIN,
        renamed: Mapping[str, str] | None = None,
    ) -> Called:
        """Call a path for the instance of a key."""
        if renamed is not None:
            self._renamed[path] = renamed
        outcome: list[object] = []
        if context == THREAD:
            # A daemon thread does not keep the process alive when its call never returns.
            thread = Thread(target=self._ask, args=(path, key, outcome), daemon=True)
            thread.start()
            thread.join()
        elif context == TASK:
            asyncio.run(self._ask_in_task(path, key, outcome))
        else:
            self._ask(path, key, outcome)
        return self._called(path, context, key, outcome[0])

    def at_once(self, path: str, key: str) -> Iterator[Called]:
        """Call a path from several threads at the same moment, for a new key."""
        outcomes: list[list[object]] = [[] for _ in range(CROWD)]
        barrier = Barrier(CROWD)

        def ask(outcome: list[object]) -> None:
            barrier.wait()
            self._ask(path, key, outcome)

        threads = [Thread(target=ask, args=(outcome,), daemon=True) for outcome in outcomes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for outcome in outcomes:
            yield self._called(path, AT_ONCE, key, outcome[0])

    def _called(self, path: str, context: str, key: str | None, outcome: object) -> Called:
        if isinstance(outcome, UntriedError):
            return Called(self._rule.canonical, path, context, key, untried=str(outcome))
        if isinstance(outcome, BaseException):
            refused = is_refused(path, outcome)
            error = said(outcome)
            return Called(self._rule.canonical, path, context, key, refused=refused, error=error)
        return Called(
            self._rule.canonical,
            path,
            context,
            key,
            self._objects.number(outcome),
            self._objects.number(type(outcome)),
            name_of(type(outcome)),
        )

    def _ask(self, path: str, key: str | None, outcome: list[object]) -> None:
        try:
            function, args, kwargs = self._prepare(path, key)
            if parameters_of(function).form == SYNC:
                made = function(*args, **kwargs)
                if hasattr(made, "__await__"):
                    made = asyncio.run(_awaited(made))
            else:
                made = asyncio.run(_made(function, args, kwargs))
        except BaseException as error:  # noqa: BLE001 - whatever the program raises
            outcome.append(error)
        else:
            outcome.append(made)

    async def _ask_in_task(self, path: str, key: str | None, outcome: list[object]) -> None:
        try:
            made = _made(*self._prepare(path, key))
            outcome.append(await asyncio.create_task(made))
        except BaseException as error:  # noqa: BLE001 - as above
            outcome.append(error)

    def _prepare(
        self, path: str, key: str | None
    ) -> tuple[Callable[..., Any], list[object], dict[str, object]]:
        function = self._found.get(path)
        if not callable(function):
            message = f'"{path}" can\'t be called'
            raise UntriedError(message)
        values = values_for(self._rule, key)
        return function, *arguments(function, values, self._renamed.get(path, {}), self._rule)


async def _made(
    function: Callable[..., Any], args: list[object], kwargs: dict[str, object]
) -> object:
    made = function(*args, **kwargs)
    return await made if hasattr(made, "__await__") else made


async def _awaited(made: Any) -> object:  # noqa: ANN401 - an awaitable of any kind
    return await made


def is_refused(path: str, error: BaseException) -> bool:
    """Return whether the path itself was refused, and not an import by its module."""
    if not isinstance(error, (LegacyImportError, LegacyCallError)):
        return False
    refused, asked = error.legacy.replace(":", "."), path.replace(":", ".")
    return f"{asked}.".startswith(f"{refused}.")
