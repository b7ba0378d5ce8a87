"""However a process came to be, and however it ends: each of its uses arrives, once."""

import gzip
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.telemetry.receiving import Receiver, free_port
from tests.integration.telemetry.recorded import Project, send_what_waits, stored
from tests.integration.telemetry.running import Running
from tests.patience import PATIENCE

pytestmark = pytest.mark.component

# What an application does that has OpenTelemetry; it says nothing about the enforcer.
PROVIDERS = """
from opentelemetry import _logs, metrics, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

if __name__ == "__main__":
    use(11)  # before there is anybody to emit to
    loggers = LoggerProvider()
    loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    _logs.set_logger_provider(loggers)
    tracers = TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(
        MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(), 60_000)])
    )
"""
BEFORE = {"own": ("", 0), "providers": (PROVIDERS, 11)}

FORKS = """
def fork(work):
    pid = os.fork()
    if not pid:
        work()
        sys.exit()
    assert os.waitpid(pid, 0)[1] == 0

use(100)
fork(lambda: (use(20), fork(lambda: use(3))))
use(100)
"""
POOL = """
import multiprocessing

def work(count):
    use(count)

if __name__ == "__main__":
    context = multiprocessing.get_context("{method}")
    children = [context.Process(target=work, args=(10,)) for _ in range(3)]
    for child in children: child.start()
    for child in children: child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    use(4)
"""
THREADS = """
import threading

workers = [threading.Thread(target=use, args=(500,)) for _ in range(8)]
for worker in workers: worker.start()
for worker in workers: worker.join()
"""
EXEC = """
if sys.argv[1:]:
    use(7)
    sys.exit()
use(100)
os.execv(sys.executable, [sys.executable, __file__, "child"])
"""
SIGNAL = """
import signal
use(25)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(600)
"""
# Name: the program, its uses, its exit code.
PROGRAMS = {
    "fork": (FORKS, 223, 0),
    "multiprocessing fork": (POOL.format(method="fork"), 34, 0),
    "multiprocessing forkserver": (POOL.format(method="forkserver"), 34, 0),
    "multiprocessing spawn": (POOL.format(method="spawn"), 34, 0),
    "threads": (THREADS, 4000, 0),
    "os._exit": ("use(25)\nos._exit(4)", 25, 4),
    "an exception": ("use(25)\nsys.stderr = None\n1 / 0", 25, 1),
    "SIGTERM": (SIGNAL, 25, -15),
    "exec": (EXEC, 107, 0),
}


def arrived(project: Project, receiver: Receiver) -> int:
    """Give how many uses arrived, each once, when all that waits was sent."""
    environ = project.environ(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)
    send_what_waits(project.folder / "enforcer.toml", environ, may_wait=True)
    return receiver.received.uses().total()


def handle_sigterm(project: Project) -> None:
    map_file = project.folder / "enforcer.toml"
    map_file.write_text(map_file.read_text().replace("[enforcer]", "[enforcer]\nsigterm = true"))


@pytest.mark.parametrize("way", BEFORE)
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_use_arrives(project: Project, receiver: Receiver, name: str, way: str) -> None:
    """Through the enforcer's own requests, and through the application's providers."""
    program, uses, code = PROGRAMS[name]
    before, more = BEFORE[way]
    times = 2 if name == "exec" else 1  # the program begins anew
    handle_sigterm(project)
    # The application's providers have threads, which Python 3.12 and later warn of at a fork.
    _, error = project.run(
        before + program,
        "-Wignore::DeprecationWarning",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
        expected=code,
    )

    assert error == ""
    assert stored(project.store).total() == uses + more * times
    assert arrived(project, receiver) == uses + more * times
    assert receiver.received.uses() == stored(project.store)


@pytest.mark.parametrize("name", ["fork", "multiprocessing fork", "exec"])
def test_metrics_add_up(project: Project, receiver: Receiver, name: str) -> None:
    """A child's counters begin at zero; the sum over processes is the number of uses.

    What a process has no time to send is not made up, so these have it.
    """
    program, uses, _ = PROGRAMS[name]
    project.run(
        program,
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
        ENFORCER_EXIT_TIMEOUT=str(PATIENCE),
    )
    arrived(project, receiver)

    by_process: Counter[str] = Counter()
    for series, value in receiver.received.latest("deprecated_import.uses").items():
        by_process[dict(series)["deprecated_import.process"]] += int(value)
    assert by_process.total() == uses
    processes = {log.attributes["deprecated_import.process"] for log in receiver.received.events()}
    assert set(by_process) == processes


@pytest.mark.parametrize("way", BEFORE)
def test_an_end_while_it_sends(project: Project, way: str) -> None:
    """The collector takes its time, and the program ends in the middle of that, many times."""
    before, more = BEFORE[way]
    with Receiver() as receiver:
        receiver.delay = 0.2
        programs = [
            project.start(
                f"{before}\nuse(10)\ntime.sleep({0.05 + 0.06 * number})\nuse(1)",
                OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
            )
            for number in range(6)
        ]
        for program in programs:
            _, error = program.communicate(timeout=PATIENCE)
            assert (program.returncode, error) == (0, "")
        receiver.delay = 0.0

        assert arrived(project, receiver) == 6 * (11 + more)
        assert receiver.received.uses() == stored(project.store)


SHUT_DOWN = """
from opentelemetry import _logs
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

provider = LoggerProvider()
provider.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter("{endpoint}/v1/logs")))
_logs.set_logger_provider(provider)
use(5)
sys.stdin.readline()  # these have arrived
provider.shutdown()
use(7)
"""


def test_providers_that_are_shut_down_before_the_end(project: Project, receiver: Receiver) -> None:
    """What comes later stays in the ledger, and the next process sends it."""
    with project.start(SHUT_DOWN.format(endpoint=receiver.endpoint)) as process:
        receiver.wait_for(lambda received: received.uses().total() == 5)
        _, error = process.communicate("\n", timeout=PATIENCE)
    assert (process.returncode, error) == (0, "")
    assert receiver.received.uses().total() == 5
    assert stored(project.store).total() == 12

    with project.start(
        "use(1)\nsys.stdin.readline()", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint
    ) as process:
        receiver.wait_for(lambda received: received.uses().total() >= 13)
        process.communicate("\n", timeout=PATIENCE)
    assert receiver.received.uses() == stored(project.store)


def test_what_is_said_of_a_process_that_another_one_sends_for(
    project: Project, receiver: Receiver
) -> None:
    """It is its own resource, as far as the store knows it, and nothing of the other's."""
    attributes = "service.version=1,deployment.environment.name=test,team=first"
    project.run(
        "use(3)",
        ENFORCER_HOST="first.example",
        OTEL_RESOURCE_ATTRIBUTES=attributes,
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}",
    )
    with project.start(
        "use(1)\nsys.stdin.readline()",
        ENFORCER_HOST="second.example",
        OTEL_SERVICE_NAME="other",
        OTEL_RESOURCE_ATTRIBUTES="service.version=2,team=second",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
    ) as process:
        receiver.wait_for(lambda received: received.uses().total() >= 4)
        process.communicate("\n", timeout=PATIENCE)

    by_host = {log.resource["host.name"]: log for log in receiver.received.events()}
    first, second = by_host["first.example"], by_host["second.example"]
    process_id = first.attributes["deprecated_import.process"]
    assert first.resource.pop("process.pid") != second.resource["process.pid"]
    assert first.resource.pop("telemetry.sdk.version") == second.resource["telemetry.sdk.version"]
    assert first.resource == {
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
        "service.name": "shop",
        "service.version": "1",
        "service.instance.id": process_id,
        "deployment.environment.name": "test",
        "host.name": "first.example",
        "process.runtime.version": sys.version.partition(" ")[0],
    }
    assert (second.resource["service.name"], second.resource["team"]) == ("other", "second")


# In the program's folder, so that it is found before the real one.
SLOW = """
import time
time.sleep(3600)
exec(compile(open({real!r}).read(), {real!r}, "exec"))
"""


def test_an_end_before_it_could_send(project: Project, receiver: Receiver) -> None:
    """A short program on a busy machine has not even loaded what sends; its uses are kept."""
    (project.folder / "gzip.py").write_text(SLOW.format(real=gzip.__file__))
    _, error = project.run(
        "use(25)", ENFORCER_EXIT_TIMEOUT="1", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint
    )
    assert error == ""
    assert receiver.received.logs == []

    (project.folder / "gzip.py").unlink()
    with project.start(
        "sys.stdin.readline()", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint
    ) as process:
        receiver.wait_for(lambda received: received.uses().total() >= 25)
        process.communicate("\n", timeout=PATIENCE)
    assert receiver.received.uses() == stored(project.store)
    assert arrived(project, receiver) == 25


def test_sigkill(project: Project, receiver: Receiver) -> None:
    """What it did before its last interval is there; what is there, it did."""
    with project.start(
        """
        count = 0
        while True:
            use(10)
            count += 10
            print(count, flush=True)
            time.sleep(0.002)
        """,
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
    ) as process:
        assert process.stdout is not None
        before = int(process.stdout.readline())
        receiver.wait_for(lambda received: received.uses().total() > before)
        sent = receiver.received.uses().total()
        process.kill()
        output, _ = process.communicate(timeout=PATIENCE)

    told = [int(line) for line in output.splitlines(keepends=True) if line.endswith("\n")]
    assert sent <= arrived(project, receiver) <= told[-1] + 10


CELERY = """\
from celery import Celery
from celery.signals import worker_ready

app = Celery("shop", broker="filesystem://")
app.conf.broker_transport_options = {{
    "data_folder_in": {folder!r},
    "data_folder_out": {folder!r},
    "control_folder": {folder!r} + "/control",
    "polling_interval": 0.05,
}}

@app.task
def sell():
    import old
    with open({truth!r}, "ab", 0) as truth:
        truth.write(b"x")

@worker_ready.connect
def send(**_):
    for _ in range({tasks}):
        sell.delay()
"""


@pytest.mark.parametrize("options", [(), ("--max-tasks-per-child", "3")], ids=["", "recycled"])
def test_celery(
    project: Project, receiver: Receiver, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Workers of the prefork pool, which end by ``os._exit``."""
    tasks = 12
    queue, truth = tmp_path / "queue", tmp_path / "truth"
    (queue / "control").mkdir(parents=True)
    truth.touch()
    source = CELERY.format(folder=str(queue), truth=str(truth), tasks=tasks)
    (project.folder / "tasks.py").write_text(source)
    handle_sigterm(project)
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR")
    worker = ("celery", "-A", "tasks", "worker", *quiet, "--concurrency", "2", *options)
    environ = project.environ(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)
    with Running("celery", [sys.executable, "-m", *worker], project.folder, **environ) as running:
        running.wait_for(lambda: truth.stat().st_size >= tasks)
        running.stop()

    assert arrived(project, receiver) == tasks
    assert receiver.received.uses() == stored(project.store)
