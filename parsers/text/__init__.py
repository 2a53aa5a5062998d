"""What cover, narrative and performance tables say, as data: one YAML for each reader."""
