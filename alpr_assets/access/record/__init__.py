"""The access record: append-only, hash-linked, signed, verifiable by outsiders (422.6(a), Civ. Code 1798.90.52)."""
