"""What the public sees: the policy in force with its history, and the figures of each month, counted once and for all (422.2, 422.3.1(g)).

Here: counting, hiding small counts, publishing, the pages and the machine-readable report. Not here: serving them (`console`, a web
server over the folder), when (`defs.accountability`). Nothing here holds a plate or names a person but the designee.
"""
