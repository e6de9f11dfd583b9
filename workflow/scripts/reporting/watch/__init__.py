"""The report of a suite while its runs go on, served on this machine."""
