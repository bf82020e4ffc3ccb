"""Releases: what other agencies asked for in writing, who approved which scope, and that only that left (422.7, Civ. Code 1798.90.55).

`agencies` who may ask, `agreements` standing ones, `points` the legal test, `scopes` what is asked for and what may go, `letters` what is
attached, `entering` requests, `reviewing` decisions on them, `fulfilling` what left, `listing` the file and who got what.
Packing is `lifecycle.evidence`'s. Whoever is no California public agency is refused here and by the database; nobody can override that.
"""
