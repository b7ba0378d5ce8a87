"""Generated shim modules and ``.pyi`` files at legacy paths, for whoever can't see the hook."""
