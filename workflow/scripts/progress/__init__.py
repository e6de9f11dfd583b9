"""How far the runs of a suite are, and when all of them will be trained."""
