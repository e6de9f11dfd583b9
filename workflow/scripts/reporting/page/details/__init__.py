"""What the page for those who check shows beside its figures."""
