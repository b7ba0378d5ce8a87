"""Show deprecated usage in a browser: pages and a JSON API over a store, which it only reads."""
