"""Small data of every form that a task reads."""

import gzip
import io
import wave
import zipfile

import numpy as np


def write_small_data(folder):
    """A file of each form, in a folder."""
    rng = np.random.default_rng(1)
    (folder / "ring.csv").write_text("source,target,weight\n" + "".join(f"{k},{(k + 1) % 20},0.001\n" for k in range(20)))
    rows = [f"{a:.3f},{b:.3f},{'cat' if a > b else 'dog'}" for a, b in rng.normal(size=(60, 2))]
    (folder / "rows.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")
    walk = rng.normal(size=(300, 2)).cumsum(axis=0)
    lines = "\n".join(["a,b", *(f"{a:.4f},{b:.4f}" for a, b in walk)]) + "\n"
    (folder / "walk.csv").write_text(lines)
    for name, text in (("ETTh1.csv.gz", lines), ("exchange_rate.txt.gz", lines.partition("\n")[2])):
        (folder / name).write_bytes(gzip.compress(text.encode()))
    images = rng.integers(256, size=(40, 4, 4), dtype=np.uint8)
    labels = np.arange(40) % 2
    np.savez(folder / "small.npz", x_train=images[:30], y_train=labels[:30], x_test=images[30:], y_test=labels[30:])
    with zipfile.ZipFile(folder / "seen.zip", "w") as archive:
        for number in range(20):
            archive.writestr(f"{number % 2}/{number}.bin", bytes([number % 2, number % 3 // 2, 0, 0, 9] * 2))
    with zipfile.ZipFile(folder / "small.zip", "w") as archive:
        for digit, index in ((digit, index) for digit in range(2) for index in range(12)):
            archive.writestr(f"{digit}_ann_{index}.wav", sound(300 * (digit + 1) + 10 * index))


def sound(frequency):
    """A tone of 0.1 s as the content of a wav file."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes((8000 * np.sin(2 * np.pi * frequency * np.arange(800) / 8000)).astype("<i2").tobytes())
    return content.getvalue()
