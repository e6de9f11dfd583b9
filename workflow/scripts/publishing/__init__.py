"""Programs around what is published: runs and numbers, the site, the README, the settings page."""
