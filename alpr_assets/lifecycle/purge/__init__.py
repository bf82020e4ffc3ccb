"""Purge: what the law lets go is destroyed by an exact, approved plan, and by nothing else (422.5, Gov. Code 34090.6).

`on_file` what a purge rests on, `drafting` a plan, `manifests` which captures and items exactly, `planning` its approvals, `clocks` whether
the years are counted right, `destroying` one day in one transaction, `due` and `lots` what is not kept by the day, `packed` what of it left in packages, `executing` day by day and on after
a kill, with proof that nothing is left, `certificates`, and `completing`: what a PostgreSQL server's files still hold.
A hold that was placed in the meantime wins: it is looked for again inside each destroying transaction.
"""
