"""What the page with the answer shows beside its figures."""
