"""Static analysis of source code, without running it: modules, names, uses of legacy paths."""
