"""Know which agents there are, and for whom they work."""
