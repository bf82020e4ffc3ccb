"""Data quality: what must be true of each stage's data before it flows on, and the bridge that makes asset checks of it."""
