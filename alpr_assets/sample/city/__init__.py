"""Delmar Landing, a city that does not exist: roads, the people who drive on them, the readers that see them, and what they misread.

Here: years of reads with their truth beside them, from a seed, for tests, notebooks and benchmarks; and loading them into a store.
Not here: pictures (the drive of `sample`).
Serials are drawn by lot in the states' series. None of them is claimed to be of a real vehicle; where one exists, that is chance.
"""
