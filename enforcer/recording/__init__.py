"""Count uses per call site and decide which of them strict mode tolerates."""
