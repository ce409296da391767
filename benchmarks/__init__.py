"""Paired measurements of polyflow against what a user would take instead; ``python -m benchmarks`` prints them."""
