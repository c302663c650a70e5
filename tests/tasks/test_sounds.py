"""The cochlea-like filter bank on tones, and archives of recordings."""

import io
import os
import wave
import zipfile

import mpmath
import numpy as np
import pytest
from scipy.signal import gammatone

from bioworkbench.readout.fits import ridge
from bioworkbench.readout.metrics import accuracy, raw_linear
from bioworkbench.tasks.sounds import _bank, _stretched, cochleagram, spoken_digits

RATE = 8000
needs_data = pytest.mark.skipif("BIOWORKBENCH_DATA" not in os.environ, reason="the recordings need BIOWORKBENCH_DATA")


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def tone(frequency: float, seconds: float = 0.3, level: float = 8000.0) -> np.ndarray:
    return level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)


def wav(samples: np.ndarray, channels: int = 1, width: int = 2) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2" if width == 2 else "u1").tobytes())
    return content.getvalue()


def write(folder, members, name: str = "sounds.zip"):
    with zipfile.ZipFile(folder / name, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return {"file": name, "data": folder}


@pytest.fixture
def tones(tmp_path):
    """Ten tones by two speakers, eight times each, of different length, loudness and pitch."""
    rng = generator()
    members = {
        f"{digit}_{speaker}_{index}.wav": wav(
            tone(200 * 1.3**digit * rng.uniform(0.95, 1.05), rng.uniform(0.1, 0.5), rng.uniform(300, 9000))
        )
        for digit in range(10)
        for speaker in ("ann", "bob")
        for index in range(8)
    }
    return write(tmp_path, members)


def test_a_tone_is_loudest_in_the_band_of_its_frequency():
    centers = (10 ** np.linspace(*np.log10(1 + 0.00437 * np.array([100.0, 0.46 * RATE])), 30) - 1) / 0.00437
    for band in (3, 12, 20, 27):
        picture = cochleagram(tone(centers[band]), RATE, n_channels=30)
        assert np.abs(picture.mean(axis=0).argmax() - band) <= 1
        assert picture.shape[1] == 30


@pytest.mark.parametrize(("rate", "n_channels"), [(8000.0, 40), (16000.0, 10)])
def test_filters_are_those_of_scipy_without_the_digits_that_its_polynomials_lose(rate, n_channels):
    bank, low, high = _bank(n_channels, rate), *np.log10(1 + 0.00437 * np.array([100.0, 0.46 * rate]))
    centers = (10 ** np.linspace(low, high, n_channels) - 1) / 0.00437
    n = 2 * (len(bank) - 1)
    theirs = [abs(np.fft.rfft(b, n) / np.fft.rfft(a, n)) ** 2 for b, a in (gammatone(f, "iir", fs=rate) for f in centers)]
    np.testing.assert_allclose(bank[:, centers > 500], np.transpose(theirs)[:, centers > 500], rtol=1e-4)
    # at 100 Hz, with 40 digits
    pole = mpmath.exp((2j * mpmath.pi * 100 - 2 * mpmath.pi * 1.019 * (24.7 + 100 / 9.26449)) / rate)

    def response(frequency):
        delay = mpmath.exp(-2j * mpmath.pi * frequency / rate)
        return abs((1 - pole * delay) ** -4 + (1 - mpmath.conj(pole) * delay) ** -4) ** 2

    with mpmath.workdps(40):
        exact = [float(response(k * rate / n) / response(100)) for k in range(0, n // 2, 16)]
    np.testing.assert_allclose(bank[: n // 2 : 16, 0], exact, rtol=1e-9)


def test_stretches_are_means_over_equal_times():
    picture = generator().normal(size=(7, 2))
    fine = np.repeat(picture, 5, axis=0)  # five parts of a frame for each of seven frames, so that seven go into a fifth
    np.testing.assert_allclose(_stretched(picture, 5), fine.reshape(5, 7, 2).mean(axis=1), rtol=1e-12)


@pytest.mark.parametrize("compression", ["log", "root"])
def test_compressed_energies_lie_between_zero_and_one_and_ignore_loudness(compression):
    sound = tone(700) + 0.1 * generator().normal(size=2400)
    picture = cochleagram(sound, RATE, compression=compression)
    assert picture.max() == pytest.approx(1.0, abs=1e-6)
    assert picture.min() >= 0
    np.testing.assert_allclose(cochleagram(0.01 * sound, RATE, compression=compression), picture, rtol=1e-9)


def test_frames_follow_the_sound_every_ten_milliseconds():
    sound = np.concatenate([np.zeros(1600), tone(700, 0.2)])
    loudness = cochleagram(sound, RATE).max(axis=1)
    assert len(loudness) == 39
    assert (loudness[:17] == 0).all()
    assert (loudness[21:38] > 0.9).all()
    assert len(cochleagram(tone(700, 0.01), RATE)) == 1


def test_spoken_digits_splits_by_index_and_standardizes_with_the_training_part(tones):
    task = spoken_digits(generator(), n_channels=12, n_frames=9, **tones)
    assert task.train.values.shape == (60, 9, 12)
    assert task.test.values.shape == (100, 9, 12)
    assert np.bincount(task.test.targets).tolist() == [10] * 10
    np.testing.assert_allclose(task.train.values.mean(axis=(0, 1)), 0.0, atol=1e-9)
    np.testing.assert_allclose(task.train.values.std(axis=(0, 1)), 1.0)
    assert task.encode(task.test.values).duration == pytest.approx(0.09)
    assert accuracy(raw_linear(task), task.test.targets) > 0.95


def test_training_trials_are_shuffled_and_can_be_fewer(tones):
    full = spoken_digits(generator(), **tones)
    fewer = spoken_digits(generator(), n_train=20, n_validation=5, **tones)
    assert (np.diff(full.train.targets) < 0).any()
    assert fewer.validation is not None
    assert (fewer.train.n_trials, fewer.validation.n_trials) == (15, 5)
    both = np.concatenate([fewer.train.values, fewer.validation.values])
    np.testing.assert_array_equal(np.unique(both, axis=0), np.unique(full.train.values[:20], axis=0))


def test_padding_ends_in_silence_and_stretching_does_not(tmp_path):
    sounds = {f"{k}_ann_{i}.wav": wav(tone(400 + 200 * k, 0.1 + 0.2 * (i == 0))) for k in range(2) for i in (0, 7)}
    settings = write(tmp_path, sounds)
    padded = spoken_digits(generator(), n_frames=20, fit="pad", compression="root", **settings)
    stretched = spoken_digits(generator(), n_frames=20, fit="stretch", compression="root", **settings)
    assert (np.ptp(padded.train.values[:, 12:], axis=1) == 0).all()
    assert (np.ptp(stretched.train.values[:, 12:], axis=1).max(axis=1) > 0).all()


def test_stretching_keeps_the_mean_over_time():
    picture = generator().random((17, 3))
    for n_frames in (1, 5, 17, 40):
        fitted = _stretched(picture, n_frames)
        assert fitted.shape == (n_frames, 3)
        np.testing.assert_allclose(fitted.mean(axis=0), picture.mean(axis=0))
    np.testing.assert_allclose(_stretched(picture, 17), picture)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_channels": 0}, "n_channels = 0"),
        ({"n_frames": 0}, "n_frames = 0"),
        ({"fit": "strech"}, "'strech' is not a fit; did you mean 'stretch'"),
        ({"compression": "logg"}, "'logg' is not a compression; did you mean 'log'"),
        ({"n_train": 61}, r"n_train = 61: .*sounds\.zip has 60 training trials"),
        ({"n_validation": 60}, "n_validation = 60 leaves nothing of 60"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tones, settings, message):
    with pytest.raises(ValueError, match=message):
        spoken_digits(generator(), **(tones | settings))


@pytest.mark.parametrize(
    ("member", "content", "message"),
    [
        ("one.wav", wav(tone(400)), r"'one\.wav' must be named digit_speaker_index\.wav"),
        ("12_ann_0.wav", wav(tone(400)), "must be named"),
        ("1_ann_0.wav", b"RIFF", r"'1_ann_0\.wav' is not a wav file"),
        ("1_ann_0.wav", wav(tone(400))[:2000], "is not a wav file|has 1 channel of 2 bytes and"),
        ("1_ann_0.wav", wav(tone(400), channels=2), "has 2 channels of 2 bytes"),
        ("1_ann_0.wav", wav(tone(400, level=100) + 128, width=1), "has 1 channel of 1 byte"),
        ("1_ann_0.wav", wav(np.zeros(800)), "must be whole, not silent"),
        ("1_ann_0.wav", wav(tone(400)), "indices go from 0 to 0"),
        ("1_ann_7.wav", wav(tone(400)), "indices go from 7 to 7"),
        ("../1_ann_0.wav", wav(tone(400)), "without a folder"),
    ],
)
def test_archives_that_hold_something_else_are_refused(tmp_path, member, content, message):
    with pytest.raises(ValueError, match=message):
        spoken_digits(generator(), **write(tmp_path, {member: content}))


def test_empty_archives_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"sounds\.zip holds no recordings"):
        spoken_digits(generator(), **write(tmp_path, {}))


@pytest.mark.parametrize(
    ("sound", "settings", "message"),
    [
        (np.zeros(800), {}, r"sound of shape \(800,\) is silent"),
        (np.zeros(0), {}, r"sound of shape \(0,\) is silent"),
        (np.ones((2, 800)), {}, "not one row of samples"),
        (np.full(800, np.nan), {}, "sound has 800 values that are not finite"),
        (tone(400), {"rate": 500.0}, r"rate = 500\.0 Hz"),
        (tone(400), {"rate": -1.0}, r"rate = -1\.0"),
    ],
)
def test_sounds_without_a_picture_are_refused(sound, settings, message):
    with pytest.raises(ValueError, match=message):
        cochleagram(sound, **({"rate": RATE} | settings))


@pytest.mark.thorough
@needs_data
def test_the_dataset_has_its_split():
    task = spoken_digits(generator(), n_channels=20, n_frames=20)
    assert (task.train.n_trials, task.test.n_trials) == (2700, 300)
    assert np.bincount(task.train.targets).tolist() == [270] * 10
    assert np.bincount(task.test.targets).tolist() == [30] * 10
    readout = ridge(task.train.values.reshape(2700, -1), task.train.targets, penalty=0.1)
    assert accuracy(readout.predictions(task.test.values.reshape(300, -1)), task.test.targets) > 0.9
