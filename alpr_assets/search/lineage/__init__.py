"""Lineage of one read: from its picture to what became of it (422.5, 422.6(a), Civ. Code 1798.90.51).

`steps` what a lineage consists of, `tracing` the question and the list of its sections; `arriving`, `recognising`, `acting`,
`packing`, `showing` and `destroying` find the steps of their sections.
It works after a purge too: what is left is the certificate, the record, and the numbers that both are about.
"""
