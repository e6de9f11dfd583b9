"""One simulator: made from its id, with flat observations and actions, saved and restored."""
