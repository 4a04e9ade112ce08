"""One product for all that the documentation has people do with it."""

from collections.abc import Iterator

import pytest

from tests.docs.product import Product, serving


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The demonstration, serving."""
    with serving(tmp_path_factory.mktemp("product")) as product:
        yield product
