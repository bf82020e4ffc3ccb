"""Fitting the confidence of a read: drawn plates in real scenes, read by the whole recogniser, right or wrong."""
