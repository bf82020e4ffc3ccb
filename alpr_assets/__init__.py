"""Licence-plate captures to reads, hot-list hits, retention and evidence. See README.md and the modules' first lines."""

import os

# onnxruntime's Linux wheels (since 1.29) send usage events to Microsoft and keep a device id in the home folder, unless
# this is set before it is imported. Not a default that can be overridden: a police system reports to nobody.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
