"""What `make` calls: set up the environment, fetch real components, generate what is generated."""
