"""What all figures share: their style, and SVG of few bytes."""
