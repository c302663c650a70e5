from tests.frozen_method import frozen  # noqa: F401  fixture
