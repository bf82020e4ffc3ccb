"""Canvass: which vehicles were near an incident, and how telling that is (422.4(c)).

`incidents` what is asked · `gathering` the reads there · `habits` who passes there anyway · `weighing` the formula · `vehicles` the
search · `coverage` what could have been seen at all.
"""
