"""Methods of inference: what numbers of seeds say, whatever they are about."""
