"""A made-up world of services and connections, and simulators that speak the real APIs about it."""
