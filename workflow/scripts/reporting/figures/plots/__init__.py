"""The figures themselves, one file for each thing that they show."""
