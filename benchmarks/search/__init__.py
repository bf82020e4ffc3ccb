"""The searches at the size of a city: on millions of simulated reads, each against a plain baseline in the same run.

Here: building the reads, asking, scanning, timing. Not here: whether what is found is right (tests/search); here only that it is as
much as the baseline finds.
"""
