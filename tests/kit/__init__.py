"""What several test modules use. Each module is named for what it holds.

No test module imports another, and none imports a ``conftest.py``: see ``tests/test_layers.py``.
"""
