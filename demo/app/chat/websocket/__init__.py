"""Everything about connections."""
