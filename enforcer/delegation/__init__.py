"""Answer for legacy factories, and give one instance for each key.

What is here is loaded with the first module that such an entry of the map speaks of. wrapt and
``inspect`` are loaded at the first call of a factory, never from inside an import.
"""
