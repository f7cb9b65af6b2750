from __future__ import annotations

import numpy as np
import pytest

from audio_pipeline.dsp.products import energies, row_product


@pytest.mark.parametrize("n", [0, 1, 700, 781, 782, 2000])
def test_a_product_in_stacks_is_the_product(n: int) -> None:
    rng = np.random.default_rng(n)
    rows, matrix = rng.standard_normal((n, 16)), rng.standard_normal((16, 16))
    assert np.allclose(row_product(rows, matrix), rows @ matrix, rtol=0, atol=1e-12)
    both = np.stack([rows, -rows])
    assert np.array_equal(
        row_product(both, matrix), [row_product(rows, matrix), row_product(-rows, matrix)]
    )


@pytest.mark.parametrize("n", [0, 5, 8191, 8192, 8193, 50_000])
@pytest.mark.parametrize("layout", ["C", "F"])
def test_energies_are_sums_of_squares(n: int, layout: str) -> None:
    x = np.asarray(np.random.default_rng(n).standard_normal((2, n)), order=layout)
    assert energies(x) == pytest.approx(np.square(x).sum(axis=1), rel=1e-12)
