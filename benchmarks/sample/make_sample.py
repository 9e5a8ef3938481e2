#!/usr/bin/env python3
"""Makes the embedded sample of Fashion-MNIST: a true, class-balanced subset of the original files.

Of the training file the first 1,150 images of each of the ten classes, of the test file the first 220 of each; both in
the order of the original files, pixels and labels untouched. No random numbers: the same input gives the same bytes.

    python3 benchmarks/sample/make_sample.py /usr/share/datasets/fashion-mnist \
        src/main/resources/io/github/adiw/data/fashion-mnist-sample
"""
import gzip
import struct
import sys
from pathlib import Path

TRAIN_PER_CLASS, TEST_PER_CLASS, CLASSES = 1150, 220, 10


def read(path):
    with gzip.open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f, gzip.GzipFile("", "wb", 9, f, mtime=0) as z:
        z.write(data)


def subset(source, target, prefix, per_class):
    images = read(source / f"{prefix}-images-idx3-ubyte.gz")
    labels = read(source / f"{prefix}-labels-idx1-ubyte.gz")
    _, n, height, width = struct.unpack(">4I", images[:16])
    assert struct.unpack(">2I", labels[:8]) == (2049, n) and len(images) == 16 + n * height * width
    seen, rows = [0] * CLASSES, []
    for row in range(n):
        label = labels[8 + row]
        if seen[label] < per_class:
            seen[label] += 1
            rows.append(row)
    assert seen == [per_class] * CLASSES
    size = height * width
    write(target / f"{prefix}-images-idx3-ubyte.gz",
          struct.pack(">4I", 2051, len(rows), height, width)
          + b"".join(images[16 + r * size:16 + (r + 1) * size] for r in rows))
    write(target / f"{prefix}-labels-idx1-ubyte.gz",
          struct.pack(">2I", 2049, len(rows)) + bytes(labels[8 + r] for r in rows))


def main():
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    subset(source, target, "train", TRAIN_PER_CLASS)
    subset(source, target, "t10k", TEST_PER_CLASS)


if __name__ == "__main__":
    main()
