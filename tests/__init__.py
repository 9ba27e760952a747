import pytest

pytest.register_assert_rewrite("tests.kit")  # a failed assertion there shows its values, too
