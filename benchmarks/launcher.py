"""Runs the command line of ADIW and measures it, and says on which machine; for the scripts in the folders beside it."""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAUNCHER = ROOT / "adiw"


def machine():
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"{model[0]}, {len(model)} logical processors" if model else "processor unknown"


def run(command):
    """The JSON that a command prints, its seconds with the start of the JVM, and its largest resident size in MiB."""
    complaints = tempfile.TemporaryFile("w+")
    start = time.monotonic()
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=complaints, text=True)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        complaints.seek(0)
        sys.exit(f"{' '.join(map(str, command))} ended with status {process.returncode}: {complaints.read().strip()}")
    return json.loads(text), time.monotonic() - start, usage.ru_maxrss / 1024


def weights(adiw, train, validation, *flags):
    """Weights of the training rows, the report, and seconds. Rows are arrays [n, d] and [m, d], or CSV files."""
    import numpy as np      # who measures something else needs none
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = []
        for role, rows in (("train", train), ("validation", validation)):
            if isinstance(rows, np.ndarray):
                np.save(folder / f"{role}.npy", rows.astype(np.float32))
                rows = folder / f"{role}.npy"
            files += [f"--{role}", rows]
        report, seconds, _ = run([adiw, "weights", "--device", "host", *files, "--output", folder / "weights.npy", "--json", *flags])
        return np.load(folder / "weights.npy").astype(float), report, seconds
