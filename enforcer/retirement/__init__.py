"""Steps of a rule until it is gone: its next stage, the plan, retirement and the tombstone."""
