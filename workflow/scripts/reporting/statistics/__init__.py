"""All statistics of a suite in one structure, and the verification beside them."""
