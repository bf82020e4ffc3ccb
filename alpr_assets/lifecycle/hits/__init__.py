"""Hits, from the raise to a lawful action (422.4(f)).

matched      from reads and lists to what a hit says
raising      a sighting whose plate is on a list in force, with its reason
alerting     which tolerant matches alert people, and which are only listed
moves        states, legal moves, and what each needs
verifying    a person's moves, under a Grant
ending       the system's moves: lapsed, entry ended
notices      what a supervisor is told of
entitlement  which hits a member may see
ageing       how many wait, and how long
arriving     whether some came since a member last looked
ranking      in which order people look
precision    how often each kind of match was right
"""
