"""The dashboard: web pages and a JSON API over a store, which it only reads."""
