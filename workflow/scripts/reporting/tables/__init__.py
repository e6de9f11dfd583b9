"""Tables of results: run folders are checked, collected into a summary, and read back."""
