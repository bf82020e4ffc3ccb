"""Breaches: what somebody may have got who should not, found from the access record and the store (Civ. Code 1798.29, 1798.82).

`suspecting` by what the data is found, `measuring` what it is, `deciding` who reports, decides on notice, notifies and closes, `deadlines`
until when, `notices` drafts of what is sent.
Nobody is shown a vehicle by it: ids are kept, and counts are told.
"""
