#!/usr/bin/env python3
"""Times our training steps and PyTorch's in turn on this machine, and prints their ratios.

    (mvn -q install -DskipTests && cd benchmarks && mvn -q package)
    python3 benchmarks/peers/compare.py [--python /usr/bin/python3] [--threads N] [--rounds 5] [--steps 60] [--output FILE.json]
    python3 benchmarks/peers/compare.py --model resnet32 --batch 128 --rounds 10 --steps 3
    mvn -q -f benchmarks/peers/djl/pom.xml package && python3 benchmarks/peers/compare.py --djl

Two programs wait for commands (steps.py here, StepServer in benchmarks.jar), and only one of them works at a time. A round
is: each method by ours, then by theirs. What is compared is the lower quartile of all steps of all rounds. DIW's published step
is slow, timed in 6 steps a round, and for LeNet alone. The 5 % quantile is printed beside it: where other programs run on the machine,
it is the fairer one, for PyTorch's threads wait for one another by spinning and suffer most. Each --python given is a peer of its own
(another PyTorch, say); --djl adds LeNet's plain step by DJL with libtorch 2.7.1 (benchmarks/peers/djl, of which 112 MB are libtorch).
"""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import launcher  # noqa: E402

ROOT = launcher.ROOT
SAMPLE = ROOT / "src/main/resources/io/github/adiw/data/fashion-mnist-sample"
START = ROOT / "src/test/resources/fixtures/trajectories/adiw-km.safetensors"
DJL = ROOT / "benchmarks/peers/djl/target"
DIW_STEPS = 6


class Server:
    def __init__(self, command, threads):
        # Waiting threads must leave the processor to the other program.
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "KMP_BLOCKTIME": "1", "GOMP_SPINCOUNT": "10000"}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.about = self.line()

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            sys.exit(f"{' '.join(map(str, self.process.args))} ended with status {self.process.wait()}; what it printed above says why")
        return json.loads(text)

    def run(self, method, steps):
        self.process.stdin.write(f"run {method} {steps}\n")
        self.process.stdin.flush()
        return self.line()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def has(python, modules):
    return subprocess.run([python, "-c", "import " + modules], capture_output=True).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", action="append", help="interpreter with torch; may be given several times")
    parser.add_argument("--java", default="java")
    parser.add_argument("--jar", default=str(ROOT / "benchmarks/target/benchmarks.jar"))
    parser.add_argument("--device", default="host")
    parser.add_argument("--model", default="lenet", help="lenet, or resnet20, 32, 44 or 56")
    parser.add_argument("--batch", type=int, default=256, help="training samples of a step, and validation samples")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--compile", action="store_true", help="let torch.compile into the peers' race")
    parser.add_argument("--djl", action="store_true", help="LeNet by DJL, too")
    parser.add_argument("--output", help="file for every step's time, JSON")
    parser.add_argument("--processor-time", action="store_true",
                        help="on one thread, count the time for which the processor worked: for a machine that others use, too")
    options = parser.parse_args()
    if options.processor_time:
        options.threads = 1

    lenet = options.model == "lenet"
    clock = ["-Dprocessor-time=true"] * options.processor_time
    ours = Server([options.java, *clock, "-cp", options.jar, "io.github.adiw.benchmarks.StepServer", options.device, str(options.threads),
                   options.model, str(options.batch)] + [str(START)] * lenet, options.threads)
    peers = {}
    for python in options.python or [sys.executable]:
        methods = "uniform,adiw-km" + ",diw" * (lenet and has(python, "cvxopt, sklearn"))
        given = ["--data", str(SAMPLE), "--init", str(START)] if lenet else ["--race", "2"]
        peer = Server([python, str(ROOT / "benchmarks/peers/steps.py"), "--model", options.model, "--batch", str(options.batch), *given,
                       "--threads", str(options.threads), "--methods", methods] + ["--compile"] * options.compile
                      + ["--processor-time"] * options.processor_time, options.threads)
        peers[f"torch {peer.about['torch']}"] = (peer, methods.split(","))

    if options.djl:
        if not lenet:
            parser.error("--djl is LeNet alone: leave it out, or leave --model out")
        if not (DJL / "lib").exists():
            parser.error(f"there is no {DJL}/lib: run mvn -q -f benchmarks/peers/djl/pom.xml package first")
        peer = Server([options.java, *clock, f"-DDJL_CACHE_DIR={DJL}/cache", "-cp", f"{DJL}/classes:{DJL}/lib/*",
                       "io.github.adiw.benchmarks.djl.DjlSteps", str(SAMPLE), str(START), str(options.batch), str(options.threads)],
                      options.threads)
        peers[f"torch {peer.about['torch']}"] = (peer, ["uniform"])

    times, shares = {}, []
    load = os.getloadavg()[0]
    for r in range(options.rounds):
        for method in ("uniform", "adiw-km") + ("diw",) * lenet:
            answer = ours.run(method, options.steps)
            times.setdefault(("ours", method), []).extend(answer["millis"])
            if method == "adiw-km":
                shares.append((answer["weightEstimation"] - answer["estimationForward"]) / np.mean(answer["millis"]))
            for name, (peer, methods) in peers.items():
                if method in methods:
                    times.setdefault((name, method), []).extend(
                        peer.run(method, DIW_STEPS if method == "diw" else options.steps)["millis"])
        print(f"round {r + 1} of {options.rounds}", file=sys.stderr)
    for server in [ours] + [peer for peer, _ in peers.values()]:
        server.close()

    quartile = {k: float(np.quantile(v, 0.25)) for k, v in times.items()}
    print(f"{options.model}, {options.batch} + {options.batch}; {launcher.machine()}; {options.threads} threads"
          f"{', time of the processor' if options.processor_time else ''}; {options.rounds} rounds of "
          f"{options.steps} steps, lower quartile; load before {load:.1f}, after {os.getloadavg()[0]:.1f}")
    for name, (peer, _) in peers.items():
        print(f"{name}: kept " + ", ".join(f"{m} {layout}" for m, layout in peer.about["layouts"].items()))
    least = {k: float(np.quantile(v, 0.05)) for k, v in times.items()}
    print("\n| step | ms | over our uniform | over our adiw-km | 5 % quantile, ms | over our uniform | over our adiw-km |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, method in times:
        cells = [f"{method} by {name}"]
        for figures in (quartile, least):
            millis = figures[name, method]
            cells += [f"{millis:.2f}"] + [f"{millis / figures['ours', m]:.2f}" for m in ("uniform", "adiw-km")]
        print("| " + " | ".join(cells) + " |")
    print(f"\nweights of our adiw-km, without the forward pass that they need: {np.median(shares):.2%} of its step (median of rounds)")
    if options.output:
        with open(options.output, "w") as f:
            json.dump({"machine": launcher.machine(), "threads": options.threads, "peers": {n: p.about for n, (p, _) in peers.items()},
                       "millis": {f"{name} {method}": v for (name, method), v in times.items()}}, f)


if __name__ == "__main__":
    main()
