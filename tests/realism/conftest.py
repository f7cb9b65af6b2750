"""`final` with three seeds, one after the other: pytest runs all tests of one seed before the next."""

from __future__ import annotations

import pytest

from tests.realism.taken_apart import SEEDS, Ending, ending


@pytest.fixture(scope="session", params=SEEDS, ids=lambda seed: f"seed {seed}")
def scene(request: pytest.FixtureRequest) -> Ending:
    """`final` taken apart."""
    return ending() if request.param == 1 else Ending(seed=request.param)


@pytest.fixture(scope="session", params=SEEDS, ids=lambda seed: f"seed {seed}")
def seed(request: pytest.FixtureRequest) -> int:
    """A seed, where only a part of a mix is made."""
    return int(request.param)
