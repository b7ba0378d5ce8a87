"""What a watched process does beside its imports: flushes, threads, forks and exits."""
