"""What is polled: Consul clusters and connections, behind one contract."""
