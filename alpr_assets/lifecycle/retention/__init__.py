"""Retention: how long the law has data kept, and when it must be gone (422.5, Gov. Code 34090.6).

`rules` what each rule says of one piece of data, `schedule` the department's rules from its policy, `judging` whole capture days.
Nothing here destroys anything.
"""
