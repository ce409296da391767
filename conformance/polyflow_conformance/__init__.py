"""The conformance kit: proves that a backend does what a session relies on."""
