"""How fast it is: `make bench` in process, ``python -m tests.bench.http`` against its rivals."""
