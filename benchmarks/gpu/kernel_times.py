"""Reads what `ncu --csv --page raw --print-units base` printed, for benchmarks/gpu/check.sh.

    kernel_times.py table FILE [ROWS]       kernels by their time, the longest first: launches, microseconds, registers, warps active
    kernel_times.py slowest FILE COUNT      names of the slowest, as a regular expression for ncu's --kernel-name
"""
import csv
import re
import sys

TIME, REGISTERS, ACTIVE = "gpu__time_duration.sum", "launch__registers_per_thread", "sm__warps_active.avg.pct_of_peak_sustained_active"


def number(text):
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return float("nan")


def kernels(path):
    """Name -> [launches, nanoseconds, registers, percent of warps active], the longest first."""
    with open(path, newline="", errors="replace") as file:
        lines = [line for line in file if line.startswith('"')]
    found = {}
    for row in csv.DictReader(lines):
        if not row.get("ID", "").strip().isdigit():       # the row of units
            continue
        kernel = found.setdefault(row["Kernel Name"].split("(")[0], [0, 0.0, 0.0, 0.0])
        kernel[0] += 1
        kernel[1] += number(row.get(TIME) or "")
        kernel[2] = number(row.get(REGISTERS) or "")
        kernel[3] = number(row.get(ACTIVE) or "")
    if not found:
        sys.exit(f"{path} has no kernel: ncu profiled none")
    return dict(sorted(found.items(), key=lambda item: -item[1][1]))


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("table", "slowest"):
        sys.exit(__doc__)
    found = kernels(sys.argv[2])
    if sys.argv[1] == "slowest":
        print("regex:^(" + "|".join(re.escape(name) for name in list(found)[:int(sys.argv[3])]) + ")$")
        return
    count = int(sys.argv[3]) if len(sys.argv) > 3 else len(found)
    for name, (launches, nanoseconds, registers, active) in list(found.items())[:count]:
        print(f"{'ncu: ' + name:<44} {nanoseconds * 1e-3 / launches:.1f} us x {launches}, {registers:.0f} registers, {active:.0f} % of warps active")


if __name__ == "__main__":
    main()
