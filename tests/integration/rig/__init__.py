"""What the end-to-end tests stand on: real processes, their databases, a sandbox, a browser."""
