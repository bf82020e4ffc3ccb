"""Recognition: pictures in, plates with candidates out. `recogniser` is the interface, `pool` runs many pictures."""
