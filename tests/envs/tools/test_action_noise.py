"""The noise has the spectrum of its colour, the stated scale, and independent dimensions."""

import numpy as np
import pytest

from envs.tools.action_noise import EXPONENTS, gaussian_noise, noise_actions

STEPS = 400


def sequences(noise, count=400):
    """Many sequences of one colour, (STEPS, count)."""
    return gaussian_noise(EXPONENTS[noise], STEPS, count, np.random.default_rng(0))


@pytest.mark.parametrize(("noise", "slope"), [("white", 0.0), ("pink", -1.0), ("red", -2.0)])
def test_the_power_falls_with_the_frequency_as_the_colour_says(noise, slope):
    power = (np.abs(np.fft.rfft(sequences(noise), axis=0)) ** 2).mean(axis=1)
    frequency = np.fft.rfftfreq(STEPS)
    inside = slice(1, -1)  # without the mean and the highest frequency, which have one component
    found = np.polyfit(np.log(frequency[inside]), np.log(power[inside]), 1)[0]
    assert found == pytest.approx(slope, abs=0.03)


@pytest.mark.parametrize("noise", EXPONENTS)
def test_the_deviation_is_one_without_the_mean_of_a_sequence(noise):
    drawn = sequences(noise, 4000)
    around_the_mean = drawn - drawn.mean(axis=0)
    assert np.mean(around_the_mean**2) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(("noise", "deviation"), [("white", 1.0), ("pink", 1.04), ("red", 1.14)])
def test_the_deviation_with_the_mean_is_as_declared(noise, deviation):
    assert sequences(noise, 4000).std() == pytest.approx(deviation, abs=0.01)


@pytest.mark.parametrize("noise", EXPONENTS)
def test_every_step_has_the_same_distribution(noise):
    """The first step of an episode too: the noise does not start at 0."""
    deviations = sequences(noise, 4000).std(axis=1)
    assert deviations.max() / deviations.min() < 1.15


@pytest.mark.parametrize("noise", EXPONENTS)
def test_dimensions_and_sequences_are_independent(noise):
    generator = np.random.default_rng(1)
    drawn = [gaussian_noise(EXPONENTS[noise], STEPS, 2, generator) for _ in range(2000)]
    first, second = np.stack(drawn, axis=-1).mean(axis=0)  # their means over time, (2000,)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.08
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.08


def test_actions_are_squashed_noise():
    one, two = np.random.default_rng(3), np.random.default_rng(3)
    actions = noise_actions(1.0, 50, 3, one)
    assert actions.shape == (50, 3) and actions.dtype == np.float32
    np.testing.assert_allclose(actions, np.tanh(gaussian_noise(1.0, 50, 3, two)), rtol=1e-6)
    assert np.abs(actions).max() < 1


def test_one_step_is_no_sequence():
    with pytest.raises(ValueError, match="noise of 1 steps; expected at least 2"):
        gaussian_noise(1.0, 1, 2, np.random.default_rng(0))
