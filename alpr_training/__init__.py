"""How the weights in models/ were made: plates that nobody drives, drawn and photographed by code, and two small nets.

Here: rendering, training, export. Not here: what reads pictures in operation (`alpr_assets.lifecycle.recognition`).
Needs PyTorch, which the system itself does not; `make train` installs it into a virtual environment of its own.
"""
