"""Everything that is ever loaded into a watched program, and nothing else."""
