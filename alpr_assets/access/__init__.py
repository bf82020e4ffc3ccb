"""Access: who may see what, for which purpose, and the record of it.

Members and their training, sign-in, sessions and tokens; the gate, which alone makes Grants; the access record, which an
outsider can verify. Not here: any search, any page. This package knows nothing of what it guards.
"""
