"""Alerts to systems outside the console (422.4(f)).

wanted        what a destination is to be
destinations  proposed, approved, withdrawn
outbox        which hits go to which destinations, and dead letters
leases        one attempt at a time, whoever is killed during it
deliveries    a round over all that is due
messages      what a message says: a hit's id and a link
webhooks      a signed message over HTTPS
letters       a message by mail
addresses     which addresses may be connected to
"""
