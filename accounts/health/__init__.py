"""The state of an installation: its address, its servers, its jobs."""
