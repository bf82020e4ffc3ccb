"""The plate reader: PP-OCRv6-small's text reader, given plates to read."""
