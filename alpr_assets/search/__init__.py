"""Searches: what a person may ask about vehicles. Every entry point takes a Grant; only the gate makes one.

Each returns what it found with the id of everything in it, so that the record can say what was returned. Not here: whether
the member may (`access.gate`), how it is shown (`console`, `notebook`).
"""
