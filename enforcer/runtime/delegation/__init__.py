"""Delegate legacy factories, and keep one instance for each key.

This package is loaded with the first module that such an entry of the map names. wrapt and
``inspect`` are loaded at the first call of a factory, never from inside an import.
"""
