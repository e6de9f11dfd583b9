"""What every program of the workflow needs: command line, process, provenance, atomic files."""
