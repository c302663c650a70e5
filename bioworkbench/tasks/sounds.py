"""Spoken digits as a cochlea hears them: gammatone bands, compressed, on a fixed number of frames.

What the ear's model does, step by step: the power spectrum of overlapping Hann windows (25 ms, every 10 ms) is weighted with
the squared responses of gammatone filters, whose centers lie at equal distances on the scale of equivalent rectangular
bandwidths; band energies are compressed relative to the loudest one of the recording, so that distance and gain of the
microphone drop out; the recording is then stretched or cut to a fixed number of frames; channels are standardized.
"""

import io
import re
import wave
from collections.abc import Iterable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.encoding import as_current
from bioworkbench.records.arrays import Floats, count, finite, positive
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import unknown_name
from bioworkbench.tasks.data import data_file, read_members
from bioworkbench.tasks.task import Task, Trials, split_off

__all__ = ["cochleagram", "spoken_digits"]

WINDOW, HOP = 0.025, 0.010  # seconds
LOWEST, HIGHEST = 100.0, 0.46  # hertz, and fraction of the sampling rate: centers of the outer bands
COMPRESSIONS = ("log", "root")
FITS = ("stretch", "pad")
N_TEST_INDICES = 5
MAX_MEMBER = 2**21  # bytes of one recording
_NAME = re.compile(r"(\d)_([A-Za-z]+)_(\d+)\.wav")
_encode_channels = partial(as_current, frame=0.010)


def spoken_digits(
    rng: np.random.Generator,
    *,
    n_channels: int = 40,
    n_frames: int = 40,
    fit: str = "stretch",
    compression: str = "log",
    n_train: int | None = None,
    n_validation: int = 0,
    file: str | Path = "free_spoken_digits.zip",
    data: str | Path | None = None,
) -> Task:
    """The Free Spoken Digit Dataset: 3000 recordings of ten digits by six speakers; the first five of each are the test part.

    Values are compressed gammatone energies, each channel with mean 0 and deviation 1 over the training part. By default they
    are currents with frames of 10 ms.

    Parameters
    ----------
    rng : Generator
        Draws the order of the training trials and the validation trials.
    n_channels : int
        Gammatone bands.
    n_frames : int
        Frames of every trial.
    fit : {"stretch", "pad"}
        Average or interpolate every recording to `n_frames` frames, or keep its 10 ms frames, cut at the end or followed by
        silence.
    compression : {"log", "root"}
        Logarithm down to 60 dB below the loudest band, or the power 0.2.
    n_train : int, optional
        Size of the training part; by default all.
    n_validation : int
        Trials taken out of the training part.
    file : path
        Zip archive of recordings ``{digit}_{speaker}_{index}.wav``; those with index 0 to 4 are the test part.
    data : str or path, optional
        Folder of the file; by default that of BIOWORKBENCH_DATA.

    Returns
    -------
    Task
        Values (n_trials, n_frames, n_channels), 10 classes.

    Raises
    ------
    ValueError, FileNotFoundError
        If the file is missing, damaged or of another form, a setting is unknown or too small, or more trials are asked for
        than there are.

    References
    ----------
    Jackson et al. (2018), Free Spoken Digit Dataset, doi:10.5281/zenodo.1342401 (CC BY-SA 4.0).
    """
    path = data_file(str(file), data)
    labels, indices, sounds = _recordings(path)
    pictures = [cochleagram(sound, rate, n_channels=n_channels, compression=compression) for sound, rate in sounds]
    values = _fitted(pictures, count("n_frames", n_frames), fit)
    known = indices >= N_TEST_INDICES
    if known.all() or not known.any():
        raise ValueError(f"{path}: indices go from {indices.min()} to {indices.max()}; 0 to 4 are test, others training trials")
    values = _standardized(values, known)
    chosen = rng.permutation(np.flatnonzero(known))
    if n_train is not None and count("n_train", n_train) > len(chosen):
        raise ValueError(f"n_train = {n_train}: {path} has {len(chosen)} training trials")
    chosen = chosen[:n_train]
    train, validation = split_off(Trials(values[chosen], labels[chosen]), n_validation, rng)
    test = Trials(values[~known], labels[~known])
    reference = "Jackson et al. 2018, doi:10.5281/zenodo.1342401"
    return Task(path.stem, "classification", train, test, validation, 10, _encode_channels, reference)


def cochleagram(sound: Floats, rate: float, *, n_channels: int = 40, compression: str = "log") -> Floats:
    """Compressed gammatone energies of a sound, every 10 ms.

    Parameters
    ----------
    sound : array (n_samples,)
        Pressure in any unit.
    rate : float, hertz
        Samples per second; at least 1000.
    n_channels : int
        Bands, from 100 Hz to 0.46 of the rate.
    compression : {"log", "root"}
        Logarithm down to 60 dB below the loudest band in the sound, or the power 0.2; both from 0 to 1.

    Returns
    -------
    array (n_frames, n_channels)

    Raises
    ------
    ValueError
        If the sound is empty, silent or not finite, the rate too low, or a setting unknown.

    References
    ----------
    Patterson et al. (1992), Complex sounds and auditory images, doi:10.1016/B978-0-08-041847-6.50054-X.
    """
    if compression not in COMPRESSIONS:
        raise ValueError(unknown_name(str(compression), "compression", COMPRESSIONS))
    if positive("rate", rate) < 1000:
        raise ValueError(f"rate = {rate} Hz: must be 1000 Hz or more")
    samples = finite("sound", sound)
    if samples.ndim != 1 or not samples.any():
        raise ValueError(f"sound of shape {samples.shape} is silent or not one row of samples")
    energy = _power(samples, rate) @ _bank(count("n_channels", n_channels), rate)
    relative = energy / energy.max()
    return np.log10(relative + 1e-6) / 6 + 1 if compression == "log" else relative**0.2


def _power(samples: Floats, rate: float) -> Floats:
    """Power spectra (n_frames, n_frequencies) of windows that start every hop; the last one is filled with silence."""
    width, hop = round(WINDOW * rate), round(HOP * rate)
    n_frames = 1 + max(0, -(-(len(samples) - width) // hop))
    padded = np.zeros(max(len(samples), (n_frames - 1) * hop + width))
    padded[: len(samples)] = samples
    windows = padded[hop * np.arange(n_frames)[:, None] + np.arange(width)]
    return np.abs(np.fft.rfft(windows * _window(width), _n_fft(rate))) ** 2


def _n_fft(rate: float) -> int:
    return 1 << int(np.ceil(np.log2(2 * WINDOW * rate)))


@lru_cache
def _bank(n_channels: int, rate: float) -> Floats:
    """Squared magnitude responses (n_frequencies, n_channels) of gammatone filters, equally spaced in bandwidths, 1 at the centers.

    Slaney (1993), Apple Technical Report 35: a pair of conjugate poles, four times. Its polynomials are those of SciPy's
    ``gammatone(..., "iir")``; their factors lose no digits at low centers, where the polynomials lose up to a hundredth.
    """
    # number of equivalent rectangular bandwidths below f: 21.4 log10(1 + 0.00437 f), Glasberg & Moore (1990)
    low, high = np.log10(1 + 0.00437 * LOWEST), np.log10(1 + 0.00437 * HIGHEST * rate)
    centers = (10 ** np.linspace(low, high, n_channels) - 1) / 0.00437
    decay = 2 * np.pi * 1.019 * (24.7 + centers / 9.26449)
    pole = np.exp((2j * np.pi * centers - decay) / rate)

    def response(frequencies: np.ndarray) -> Any:
        delay = np.exp(-2j * np.pi * frequencies / rate)
        return np.abs((1 - pole * delay) ** -4 + (1 - pole.conj() * delay) ** -4) ** 2

    return response(np.fft.rfftfreq(_n_fft(rate), 1 / rate)[:, None]) / response(centers)


@lru_cache
def _window(width: int) -> Floats:
    return np.hanning(width).astype(np.float64)


def _recordings(path: Path) -> tuple[np.ndarray, np.ndarray, list[tuple[Floats, float]]]:
    """Digits, indices and sounds of a zip archive, in the order of their names."""
    labels, indices, sounds = [], [], []
    for name, content in read_members(path, ".wav", MAX_MEMBER):
        parts = _NAME.fullmatch(name)
        if parts is None:
            raise ValueError(f"{path}: member '{name}' must be named digit_speaker_index.wav")
        labels.append(int(parts[1]))
        indices.append(int(parts[3]))
        sounds.append(_sound(path, name, content))
    if not sounds:
        raise ValueError(f"{path} holds no recordings; it must hold files digit_speaker_index.wav")
    return np.array(labels), np.array(indices), sounds


def _sound(path: Path, name: str, content: bytes) -> tuple[Floats, float]:
    try:
        with wave.open(io.BytesIO(content)) as recording:
            form = recording.getparams()
            samples = np.frombuffer(recording.readframes(form.nframes), "<i2" if form.sampwidth == 2 else "u1")
    except (wave.Error, EOFError, ValueError) as error:
        raise ValueError(f"{path}: member '{name}' is not a wav file: {error}") from error
    if form.nchannels != 1 or form.sampwidth != 2 or len(samples) != form.nframes or not samples.any():
        raise ValueError(
            f"{path}: member '{name}' has {counted(form.nchannels, 'channel')} of {counted(form.sampwidth, 'byte')} and {len(samples)} of "
            f"{form.nframes} samples; it must be whole, not silent, and have one channel of two bytes"
        )
    return samples.astype(float), float(form.framerate)


def _fitted(pictures: Iterable[Floats], n_frames: int, fit: str) -> Floats:
    """Pictures of any length as one array (n, n_frames, n_channels)."""
    if fit not in FITS:
        raise ValueError(unknown_name(str(fit), "fit", FITS))
    resize = _stretched if fit == "stretch" else _padded
    return np.stack([resize(picture, n_frames) for picture in pictures])


def _stretched(picture: Floats, n_frames: int) -> Floats:
    """Means over `n_frames` equally long stretches of time, each frame being constant while it lasts."""
    return _stretches(len(picture), n_frames) @ picture


@lru_cache(maxsize=1000)
def _stretches(n_given: int, n_frames: int) -> Floats:
    """Fraction (n_frames, n_given) of each stretch that each frame takes."""
    ends = np.linspace(0, n_given, n_frames + 1)
    taken = np.clip(ends[:, None] - np.arange(n_given), 0, 1)  # of each frame, up to each end
    return np.diff(taken, axis=0) * (n_frames / n_given)


def _padded(picture: Floats, n_frames: int) -> Floats:
    return np.pad(picture[:n_frames], ((0, max(0, n_frames - len(picture))), (0, 0)))


def _standardized(values: Floats, known: np.ndarray) -> Floats:
    """Each channel with mean 0 and deviation 1 over frames and known trials; one that does not vary stays at 0."""
    seen = values[known].reshape(-1, values.shape[2])
    deviation = seen.std(axis=0)
    return (values - seen.mean(axis=0)) / np.where(deviation == 0, 1.0, deviation)
