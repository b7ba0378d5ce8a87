"""Alias legacy modules and see every import of them.

Light, silent, exact: this package runs inside other people's imports. It uses the standard
library's small modules only, holds no lock of its own while anything is imported, and leaves
no frame behind on a cached import.
"""
