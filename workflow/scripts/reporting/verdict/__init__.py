"""The verdict of a suite: its numbers as sentences."""
