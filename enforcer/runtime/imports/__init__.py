"""Alias legacy modules and record every import of them.

This package runs inside other people's imports. It loads only small modules of the standard
library, holds no lock of its own while anything is imported, and leaves no frame on the stack
after a cached import.
"""
