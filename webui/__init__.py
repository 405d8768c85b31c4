"""The people's door: HTMX pages over coordination's queries and operations. It takes no decision of its own."""
