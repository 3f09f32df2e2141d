"""When and how each source is polled."""
