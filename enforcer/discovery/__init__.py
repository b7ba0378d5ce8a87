"""Find the rules of a first migration map: in git's history, in shims, in paths to one object."""
