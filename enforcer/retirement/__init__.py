"""The way of a rule to its end: its next stage, the plan of all rules, retirement, tombstones."""
