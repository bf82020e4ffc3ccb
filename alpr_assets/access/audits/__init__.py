"""Audits: whether what was asked of the system was asked for good reasons (422.3.1(c), 422.6(c), Civ. Code 1798.90.51, .53).

The State Auditor's report 2019-118 found that none of four agencies had ever looked. Here: plans, samples, judgements, findings, signals.
"""
