"""The episodes of a final evaluation, shown again: as frames, as a file, or in a window."""
