"""Holds: what has become or may become evidence is not destroyed, whatever its age (422.5, Gov. Code 34090.6).

`selectors` what a hold holds, `covering` which captures that is, `quarantined` which pictures that nobody read, `placing` members' acts,
`listing` what stands, `settling` what a lifted hold kept: freed once booked, or once two people said why not.
A hold wins every race against a purge: both lock the days concerned, and look again once they have them.
"""
