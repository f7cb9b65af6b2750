import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.dsp.mirrored_convolution import MirroredConvolver


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@given(st.integers(1, 70), st.integers(1, 300), st.integers(1, 90), st.integers(0, 99))
def test_it_is_the_sum_of_all_inputs_through_their_responses(
    taps: int, n: int, block: int, seed: int
) -> None:
    first, second = noise(seed, taps, 2), noise(seed + 1, max(1, taps // 3), 2)
    x, y = noise(seed + 2, taps - 1 + n, 2), noise(seed + 3, taps - 1 + n, 2)
    expected = np.zeros((n, 2))
    for window, h in ((x, first), (y, second)):
        for ear in range(2):
            own = np.convolve(window[:, ear], h[:, 0])
            other = np.convolve(window[:, 1 - ear], h[:, 1])
            expected[:, ear] += (own + other)[taps - 1 : taps - 1 + n]
    found = MirroredConvolver([first, second], block)([x, y])
    # transforms in float32: 120 dB under what the inputs could come to
    loudest = sum(np.abs(window).max() * np.abs(h).sum() for window, h in ((x, first), (y, second)))
    assert np.abs(found - expected).max() < 1e-6 * loudest


@given(st.integers(1, 70), st.integers(1, 300), st.integers(0, 99))
def test_swapping_the_channels_of_the_input_swaps_those_of_the_output_to_the_last_bit(
    taps: int, n: int, seed: int
) -> None:
    convolver = MirroredConvolver([noise(seed, taps, 2), noise(seed + 1, taps, 2)], 64)
    x, y = noise(seed + 2, taps - 1 + n, 2), noise(seed + 3, taps - 1 + n, 2)
    straight, swapped = convolver([x, y]), convolver([x[:, ::-1], y[:, ::-1]])
    assert straight is not None
    assert swapped is not None
    assert np.array_equal(straight[:, ::-1], swapped)


def test_silence_gives_exact_silence_and_nothing_gives_nothing() -> None:
    convolver = MirroredConvolver([noise(0, 50, 2)], 64)
    found = convolver([np.zeros((249, 2))])
    assert found is not None
    assert not found.any()
    assert convolver([None]) is None


def test_wrong_shapes_are_misuse() -> None:
    with pytest.raises(ValueError, match="own side"):
        MirroredConvolver([np.zeros(4)], 8)
    with pytest.raises(ValueError, match="look-back"):
        MirroredConvolver([np.zeros((9, 2))], 8)([np.zeros((4, 2))])
    with pytest.raises(ValueError, match="windows"):
        MirroredConvolver([np.zeros((9, 2))], 8)([None, None])
