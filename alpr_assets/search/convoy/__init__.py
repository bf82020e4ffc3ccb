"""Co-travel: which vehicles are repeatedly where a given one is, beside what chance alone would give (422.4(c)).

`probing` finds who passed close by · `chance` what was to be expected · `companions` the search.
"""
