import pytest

pytest.register_assert_rewrite("commonplace.testing")
