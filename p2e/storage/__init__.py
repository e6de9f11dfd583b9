"""Files from which a run is resumed, or its policy acts again."""
