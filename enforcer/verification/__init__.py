"""Run-time verification that a program's legacy paths lead to one canonical object each.

``enforcer check`` reads source; this imports: in a child process, with the enforcer and without,
modules are imported, factories called and instances made. The observations come back as plain
facts, and are judged here.

The child process imports this package too, so it loads nothing: what judges would be loaded before
the program that is tried.
"""
