"""Emit what was recorded: spans, log events, metrics and log lines.

Nothing that watches imports knows of this package. A thread of its own (``emitter``) reads the
recorder's totals every few seconds, and only where somebody asks for it (``asked``) is anything of
OpenTelemetry or structlog loaded. One delivery goes like this:

1. The reporter's thread writes new uses into the store and *offers* them in the ``ledger``, whose
   tables are in ``enforcer.store.emission``.
2. The emitter's thread makes log events of what is offered (``events``, ``records``, ``names``) and
   emits them with spans and metrics (``signals``), by OpenTelemetry's API (``providers``).
3. That goes to the application's providers if it has any; else to ``private`` ones, which the SDK
   makes of the environment. Their records are exported by an ``outlet``, over a ``line`` that can
   be cut, and what the collector took is *acknowledged* in the ledger.
4. The reporter's thread records that in the store with its next write. What a process leaves
   unacknowledged at its end, another process claims and sends, or ``enforcer telemetry flush``.

Log lines (``structured_log``) need neither OpenTelemetry nor the ledger. ``scrubbing`` shows the
application what goes out before it does. ``loading`` imports OpenTelemetry without delaying a
fork, and ``sdk`` has the private names of it.
"""
