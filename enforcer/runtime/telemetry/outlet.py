"""Send batches by one of OpenTelemetry's exporters, and know what became of each record.

A collector that does not answer is left alone for a while, longer each time up to a minute. What
it refuses for good (4xx but 408 and 429) is dropped, counted and said; a batch that is too large is
halved. Over gRPC an exporter shows neither what a collector rejected of a batch that it took, nor
that a batch was too large.
"""

import itertools
import re
from dataclasses import replace
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import attach, detach, set_value

from enforcer.runtime.telemetry.asked import GRPC
from enforcer.runtime.telemetry.sdk import listening, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from enforcer.store.sqlite.busy import Patience

FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 60.0
"""How long to leave a collector alone that does not answer, in seconds."""

REJECTED: Final = "rejected"
"""Why records were dropped that a collector did not take of a batch that it took."""

# A scheme, and what stands before the host.
_USER: Final = re.compile(r"^(\w+://)?.*@")

_TIMEOUT: Final = 10.0
_TOO_LARGE: Final = 413
_TRANSIENT: Final = (408, 429)
# https://opentelemetry.io/docs/specs/otlp/#failures
_TRANSIENT_CODES: Final = (
    "",
    "ABORTED",
    "CANCELLED",
    "DATA_LOSS",
    "DEADLINE_EXCEEDED",
    "OUT_OF_RANGE",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
)


class Outlet:
    """Where one signal goes.

    Attributes:
        dropped: how many records were lost, by why.
        error: why the last batch was not taken, or empty.
        problems: which values the exporter refused, in words.

    """

    def __init__(
        self,
        signal: str,
        protocol: str,
        kind: "Callable[..., Any]",
        endpoint: str,
        say: "Callable[[str], object]",
    ) -> None:
        """Make the exporter.

        Args:
            signal: what it exports.
            protocol: how.
            kind: the exporter's class.
            endpoint: where to, for people.
            say: takes what was dropped, and why nothing can be sent, each as often as it happens.

        Raises:
            Exception: if it can't be made of what the environment says.

        """
        self.dropped: dict[str, int] = {}
        self.error = ""
        self.problems: list[str] = []
        self._signal = signal
        self._kind = kind
        self._endpoint = shown(endpoint)
        self._say = say
        self._pause = FIRST_PAUSE
        self._until = 0.0
        self._is_cut = False
        self._line: Any = None
        self._arguments: dict[str, Any] = {}
        if protocol != GRPC:
            from enforcer.runtime.telemetry.line import Line

            self._line = Line(signal)
            self._arguments["session"] = self._line.session
        self.exporter = self._make()

    @property
    def rests(self) -> bool:
        """Whether the collector is left alone for now."""
        return monotonic() < self._until

    def send(self, batches: "list[Sequence[Any]]", patience: "Patience") -> bool:
        """Send batches, and return whether all of them were taken, or dropped.

        Args:
            batches: each is removed once it needs no more, and replaced by its halves if it is
                too large.
            patience: how long all of it may take.

        """
        while batches:
            # Before each: a fork or an exit waits for one request at most, which is cut.
            if self.rests or self._is_cut or not patience.lasts():
                return False
            status = self._export(batches[0], patience)
            if status == "":
                self._pause, self._until = FIRST_PAUSE, 0.0
                self._drop(REJECTED, self._line.rejected if self._line else 0)
            elif status == str(_TOO_LARGE) and count(batches[0]) > 1:
                batches[:1] = halves(batches[0])
                continue
            elif self._is_final(status):
                self._drop(status, count(batches[0]))
                text = f'"{self._endpoint}" answered {status}, so these {self._signal} are dropped'
                self._say(f"{text}: what is refused is not sent again (telemetry-refused)")
            else:
                # A request that was cut says nothing about the collector.
                if not (self._is_cut or patience.is_needed()):
                    self._rest()
                return False
            del batches[0]
        return True

    def cut(self) -> None:
        """End a request under way, from any thread."""
        self._is_cut = True
        if self._line is not None:
            self._line.cut()
        else:
            with listening():
                self.exporter.shutdown()  # nothing less ends a call

    def mend(self) -> None:
        """Allow requests again."""
        if not self._is_cut:
            return
        if self._line is not None:
            self._line.mend()
        else:
            self.exporter = self._make()
        self._is_cut = False

    def close(self) -> None:
        """Close connections, where that is possible: gRPC's stay."""
        if self._line is not None:
            self._line.close()

    def _make(self) -> Any:  # noqa: ANN401 - an exporter of any signal
        path = "opentelemetry.exporter.otlp.proto.http" if self._line is not None else "grpc"
        compression = import_module(path).Compression.NoCompression
        defaults = {"timeout": _TIMEOUT, "compression": compression}
        tries = [{}, *({key: value} for key, value in defaults.items()), defaults]
        failure = None
        for more in tries:
            try:
                exporter = self._kind(**self._arguments, **more)
            except Exception as error:  # noqa: BLE001 - of several types, by version
                failure = failure or error
            else:
                if failure is not None:
                    self.problems.append(f"{failure or repr(failure)}, and the default is used")
                return exporter
        assert failure is not None  # noqa: S101 - one try at least
        raise failure

    def _export(self, batch: "Sequence[Any]", patience: "Patience") -> str:
        """Export a batch, and return why it was not taken: a status, or a word."""
        if self._line is not None:
            self._line.begin(patience)
        # Nobody wants a span for these requests.
        token = attach(set_value("suppress_instrumentation", value=True))
        try:
            with listening() as messages:
                is_taken = self._ask(batch) == "SUCCESS"
        finally:
            detach(token)
        self.error = ""
        if is_taken and (self._line is None or self._line.status):
            return ""
        self.error = messages[-1] if messages else "not sent"
        if self._line is None:
            return status_of(messages) or "error"
        self.error = self._line.error or self.error
        if self._line.is_mistake:
            # As the environment has it: the signals share an address, and the line.
            place = self._endpoint.removesuffix(f"/v1/{self._signal}")
            text = f'telemetry can\'t be sent to "{place}": {self.error}'
            self._say(f"{text} (telemetry-not-sent)")
        return str(self._line.status or "error")

    def _ask(self, batch: "Sequence[Any]") -> str:
        try:
            result = self.exporter.export(batch[0] if self._signal == "metrics" else batch)
        except Exception as error:  # noqa: BLE001 - a request's, or whatever an exporter raises
            return repr(error)
        return str(result.name)

    def _is_final(self, status: str) -> bool:
        if self._line is not None:
            return status.startswith("4") and int(status) not in _TRANSIENT
        return status not in (*_TRANSIENT_CODES, "error")

    def _rest(self) -> None:
        asked_for = self._line.pause if self._line is not None else 0.0
        self._until = monotonic() + max(self._pause, min(asked_for, LONGEST_PAUSE))
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _drop(self, kind: str, records: int) -> None:
        if records:
            self.dropped[kind] = self.dropped.get(kind, 0) + records


def shown(endpoint: str) -> str:
    """Return an address without the user, the password and the query that may be in it."""
    address, _, query = endpoint.partition("?")
    # A password may have any sign in it, if the address is not valid.
    return _USER.sub(r"\1", address) + ("?…" if query else "")


def count(batch: "Sequence[Any]") -> int:
    """Return how many records are in a batch: of metrics, how many points."""
    if not _is_of_metrics(batch):
        return len(batch)
    return sum(
        len(metric.data.data_points)
        for resource in batch[0].resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )


def halves(batch: "Sequence[Any]") -> "list[Sequence[Any]]":
    """Return the two halves of a batch."""
    if _is_of_metrics(batch):
        return [[_every_other(batch[0], remainder)] for remainder in (0, 1)]
    half = len(batch) // 2
    return [batch[:half], batch[half:]]


def _is_of_metrics(batch: "Sequence[Any]") -> bool:
    return hasattr(batch[0], "resource_metrics")  # they come in one piece


def _every_other(data: Any, remainder: int) -> Any:  # noqa: ANN401 - `MetricsData` of the SDK
    """Return metrics with every other of their points."""
    number = itertools.count()

    def points(metric: Any) -> Any:  # noqa: ANN401 - as above
        kept = [point for point in metric.data.data_points if next(number) % 2 == remainder]
        return replace(metric, data=replace(metric.data, data_points=kept)) if kept else None

    def scopes(resource: Any) -> list[Any]:  # noqa: ANN401 - as above
        return [
            replace(scope, metrics=list(filter(None, map(points, scope.metrics))))
            for scope in resource.scope_metrics
        ]

    resources = [replace(each, scope_metrics=scopes(each)) for each in data.resource_metrics]
    return replace(data, resource_metrics=resources)
