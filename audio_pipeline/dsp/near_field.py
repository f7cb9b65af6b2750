"""Interaural level of a sound near the head, computed for a rigid sphere.

Source: Duda & Martens, "Range dependence of the response of a spherical head model", JASA 104, 1998:
a series of spherical Hankel functions and Legendre polynomials.
"""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.air import SPEED_OF_SOUND
from audio_pipeline.dsp.arrays import Samples

SPHERE_RADIUS_M = 0.0875

_FAR = 100.0  # radii: a sound at this distance is practically in the far field
_CLOSEST = 1.05  # radii: a point source on the sphere's surface is infinitely loud there
_LOWEST_KA, _HIGHEST_KA = 0.02, 8.0  # about 12 Hz to 5 kHz: beyond, the effect of distance is constant
_POINTS = 48
_MOST_TERMS = 400
_SMALLEST_TERM = 1e-5


def near_field_gain(frequency_hz: Samples, azimuth_deg: Samples, nearest_m: float) -> Samples:
    """The gain at one ear of a near sound over a far one in the same direction, `(azimuths, f)`, linear.

    `azimuth_deg` `(azimuths,)` from −90 (opposite the ear) to +90 (at the ear). At ±90° the sound is
    `nearest_m` from the middle of the head; towards the front its distance grows as 1/sin² of the azimuth,
    so that a sound straight ahead has no near field. The 1/r loss by distance is not included. Raises
    ValueError for a `nearest_m` that is not above 0.
    """
    if nearest_m <= 0.0:
        raise ValueError(f"nearest_m must be above 0, not {nearest_m}")
    across = np.sin(np.radians(azimuth_deg))
    nearest = max(nearest_m / SPHERE_RADIUS_M, _CLOSEST)
    radii = 1.0 / np.maximum(np.square(across) / nearest, 1.0 / _FAR)
    ka = np.geomspace(_LOWEST_KA, _HIGHEST_KA, _POINTS)
    near = np.abs(sphere_pressure(ka, radii, across))
    far = np.abs(sphere_pressure(ka, np.full_like(radii, _FAR), across))
    wanted_ka = 2.0 * np.pi * frequency_hz * SPHERE_RADIUS_M / SPEED_OF_SOUND
    at = np.log(np.clip(wanted_ka, _LOWEST_KA, _HIGHEST_KA))
    return np.stack([np.exp(np.interp(at, np.log(ka), row)) for row in np.log(near / far)])


def brought_near(magnitude: Samples, near: Samples) -> Samples:
    """`magnitude` `(azimuths, f)`, from far ear to near ear, with the gain `near` of the same shape applied.

    At every azimuth and frequency both ears together keep power 1, as in `Head`: a near voice has the same
    loudness and spectrum as a far one.
    """
    power = np.square(magnitude * near)
    balanced: Samples = np.sqrt(power / (power + power[::-1]))
    return balanced


def sphere_pressure(ka: Samples, radii: Samples, cosine: Samples) -> Samples:
    """Pressure on a rigid sphere relative to the free field at its middle, complex `(m, f)`.

    `ka` `(f,)`: wave number times radius. `radii` `(m,)`, above 1: distance of the sound from the middle.
    `cosine` `(m,)`: cosine of the angle between the sound and the point on the sphere.

    Each Hankel function is computed from the previous one by a ratio, to avoid overflow.
    """
    rho = radii[:, None]
    surface, source = ka[None, :], ka[None, :] * rho
    at_surface, at_source = 1.0 / surface - 1j, 1.0 / source - 1j  # h₁ / h₀
    quotient = np.exp(1j * (source - surface)) / rho  # hₘ at the source over hₘ at the surface
    total = quotient / -at_surface
    legendre, before = cosine[:, None], np.ones((len(cosine), 1))
    for m in range(1, _MOST_TERMS):
        quotient = quotient * at_source / at_surface
        slope = 1.0 / at_surface - (m + 1) / surface  # h′ₘ / hₘ
        term = (2 * m + 1) * quotient / slope
        total = total + legendre * term
        if m > ka.max() and np.abs(term).max() < _SMALLEST_TERM * np.abs(total).min():
            break
        at_surface = (2 * m + 1) / surface - 1.0 / at_surface  # hₘ₊₁ / hₘ
        at_source = (2 * m + 1) / source - 1.0 / at_source
        legendre, before = ((2 * m + 1) * cosine[:, None] * legendre - m * before) / (m + 1), legendre
    pressure: Samples = -rho / surface * total
    return pressure
