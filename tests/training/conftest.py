"""The nets need PyTorch, which only the training's own environment has: `make test-train` runs them there."""

import importlib.util

NETS = ["test_detector_network.py", "test_reader_network.py", "test_reader_training.py"]
collect_ignore = [] if importlib.util.find_spec("torch") else NETS
