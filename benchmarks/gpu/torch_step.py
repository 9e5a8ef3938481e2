"""Times one thing in PyTorch and prints a line, for benchmarks/gpu/check.sh; a process a measurement, so that none spoils another.

    torch_step.py step METHOD PRECISION HOW    a LeNet step, batch 256 + 256, Adam: METHOD uniform, or adiw-km with its five steps of
                                               projected gradient on a memory of weights; PRECISION fp32, tf32 or bf16 (autocast); HOW
                                               eager, graph (captured as a CUDA graph, replayed) or compile (torch.compile, captured too)
    torch_step.py peaks                        a copy, and products of 8192 x 8192 in fp32, tf32 and bf16

Everything is vectorised and on the device, and nothing is copied back. Times are microseconds of a step by the wall and by the device's
events, of rounds of steps with nothing read in between, as ours are. --device cpu runs the same on the processor, eager, to see that it
runs. Several may be started at once: by --lock FILE they warm up together, and measure one at a time while none warms up.
"""
import argparse
import contextlib
import fcntl
import statistics
import sys
import time

import torch
import torch.nn.functional as F

N, B, V, STEPS, ETA, UPPER, RIDGE = 10_000, 256, 1_000, 5, 1.0, 50.0, 0.02
EPS = (B ** 0.5 - 1) / B ** 0.5


class LeNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = torch.nn.Conv2d(6, 16, 5)
        self.fc1 = torch.nn.Linear(400, 120)
        self.fc2 = torch.nn.Linear(120, 84)
        self.fc3 = torch.nn.Linear(84, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))      # the pool first: the same numbers, a quarter of the work
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


def project(v, low, high):
    """Onto {0 <= w <= UPPER, low <= sum w <= high}: the multiplier by its sorted breakpoints, without a branch."""
    clipped = v.clamp(0, UPPER)
    total = clipped.sum()
    target = total.clamp(low, high)
    points = torch.cat([v, v - UPPER]).sort().values
    sums = (v[None, :] - points[:, None]).clamp(0, UPPER).sum(1)
    after = (sums > target).sum().clamp(1, 2 * B - 1).view(1)       # an index of one dimension: one of none is read back
    before = after - 1
    s0, s1, t0, t1 = sums.gather(0, before), sums.gather(0, after), points.gather(0, before), points.gather(0, after)
    t = t0 + (s0 - target) / (s0 - s1).clamp_min(1e-20) * (t1 - t0)
    return torch.where(target == total, clipped, (v - t).clamp(0, UPPER))


def estimate(z, zv, w, ridge):
    """ADIW-KM, gamma 1 over twice the square of the median distance between any two samples (of an even number the lower, which is faster)."""
    gamma = 0.5 / torch.pdist(torch.cat([z, zv])[:, None]).median().square().clamp_min(1e-12)
    gram = torch.exp(-gamma * (z[:, None] - z[None, :]) ** 2) + ridge
    kappa = torch.exp(-gamma * (z[:, None] - zv[None, :]) ** 2).sum(1) * (B / zv.numel())
    rate = ETA / gram.sum(1).max()
    for _ in range(STEPS):
        w = project(w - rate * (gram @ w - kappa), B * (1 - EPS), B * (1 + EPS))
    return w


class Step:
    """A training step of a method, whose tensors all stay where they are."""

    def __init__(self, device, method, precision, compiled):
        torch.manual_seed(1)
        self.weighted = method == "adiw-km"
        self.half = precision == "bf16"
        self.device = device
        self.images = torch.randint(0, 256, (N, 1, 28, 28), dtype=torch.uint8, device=device)
        self.labels = torch.randint(0, 10, (N,), device=device)
        self.memory = torch.ones(N, device=device)
        self.rows = torch.randint(0, N, (B,), device=device)
        self.validation = torch.randint(0, V, (B,), device=device)
        self.ridge = RIDGE * B * torch.eye(B, device=device)
        self.model = LeNet().to(device)
        self.network = torch.compile(self.model) if compiled else self.model
        self.estimate = torch.compile(estimate) if compiled else estimate
        extra = {"capturable": True, "fused": True} if device.type == "cuda" else {}
        self.adam = torch.optim.Adam(self.model.parameters(), lr=1e-3, **extra)

    def gathered(self, rows):
        return self.images.index_select(0, rows).float().div_(255), self.labels.index_select(0, rows)

    def losses(self, x, y):
        with torch.autocast(self.device.type, dtype=torch.bfloat16) if self.half else contextlib.nullcontext():
            scores = self.network(x)
        return F.cross_entropy(scores.float(), y, reduction="none")

    def __call__(self):
        self.rows.random_(0, N)
        x, y = self.gathered(self.rows)
        if self.weighted:
            self.validation.random_(0, V)
            xv, yv = self.gathered(self.validation)
            losses = self.losses(torch.cat([x, xv]), torch.cat([y, yv]))
            with torch.no_grad():
                w = self.estimate(losses[:B].detach(), losses[B:].detach(), self.memory.index_select(0, self.rows), self.ridge)
                self.memory.index_copy_(0, self.rows, w)
            loss = (losses[:B] * w).sum()
        else:
            loss = self.losses(x, y).sum()
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        self.adam.step()


def captured(step):
    """The step as a CUDA graph, after some on a side stream, which settle what libraries choose and allocate."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(11):
            step()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    step.adam.zero_grad(set_to_none=True)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def micros(run, device, rounds, count):
    """Microseconds of one, by the wall and by the device's events, a number a round."""
    wall, events = [], []
    for _ in range(rounds):
        if device.type == "cuda":
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            torch.cuda.synchronize()
            begin = time.perf_counter()
            start.record()
            for _ in range(count):
                run()
            end.record()
            torch.cuda.synchronize()
            wall.append((time.perf_counter() - begin) * 1e6 / count)
            events.append(start.elapsed_time(end) * 1e3 / count)
        else:
            begin = time.perf_counter()
            for _ in range(count):
                run()
            wall.append((time.perf_counter() - begin) * 1e6 / count)
            events.append(wall[-1])
    return wall, events


def said(name, text):
    print(f"{name:<44} {text}", flush=True)


def both(times):
    return f"{statistics.median(times):.1f} us (mean {statistics.mean(times):.1f})"


def measure_step(options, device):
    with locked(options.lock, fcntl.LOCK_SH):
        step = Step(device, options.method, options.precision, options.how == "compile")
        for _ in range(3):
            step()
        if device.type == "cuda":
            torch.cuda.synchronize()
    with locked(options.lock, fcntl.LOCK_EX):
        run = step if options.how == "eager" else captured(step)
        micros(run, device, 1, options.count)
        wall, events = micros(run, device, options.rounds, options.count)
    if not all(p.isfinite().all() for p in step.model.parameters()):
        sys.exit("a parameter is no longer a finite number: what was timed is not the step")
    said(f"PyTorch step, {options.method}, {options.precision}, {options.how}",
         f"{both(events)} by the device's events, {both(wall)} by the wall")


def measure_peaks(options, device):
    size = 512 if options.device == "cpu" else 8192
    source = torch.empty(size * size * 16, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    micros(lambda: target.copy_(source), device, 1, 3)
    _, events = micros(lambda: target.copy_(source), device, 5, 5)
    said(f"PyTorch, a copy of {source.numel() >> 20} MiB", f"{2e-3 * source.numel() / min(events):.0f} GB/s, read and written")
    for precision in ("fp32", "tf32", "bf16"):
        tf32(precision == "tf32")
        kind = torch.bfloat16 if precision == "bf16" else torch.float32
        a, b = torch.randn(size, size, device=device).to(kind), torch.randn(size, size, device=device).to(kind)
        micros(lambda: a @ b, device, 1, 2)
        _, events = micros(lambda: a @ b, device, 3, 3)
        said(f"PyTorch, a product of {size} x {size}, {precision}", f"{2e-6 * size ** 3 / min(events):.1f} TFLOP/s")


def tf32(on):
    torch.backends.cuda.matmul.allow_tf32 = on
    torch.backends.cudnn.allow_tf32 = on


@contextlib.contextmanager
def locked(path, how):
    if path is None:
        yield
        return
    with open(path, "w") as file:
        fcntl.flock(file, how)
        yield


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    peaks = commands.add_parser("peaks")
    step = commands.add_parser("step")
    step.add_argument("method", choices=["uniform", "adiw-km"])
    step.add_argument("precision", choices=["fp32", "tf32", "bf16"])
    step.add_argument("how", choices=["eager", "graph", "compile"])
    step.add_argument("--rounds", type=int, default=20)
    step.add_argument("--count", type=int, default=50, help="steps of a round")
    for command in (peaks, step):
        command.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
        command.add_argument("--lock")
    options = parser.parse_args()
    device = torch.device(options.device)
    if options.device == "cpu" and options.command == "step" and options.how != "eager":
        parser.error("on the processor a step runs eager")
    torch.backends.cudnn.benchmark = True
    if options.command == "peaks":
        measure_peaks(options, device)
    else:
        tf32(options.precision == "tf32")
        measure_step(options, device)


if __name__ == "__main__":
    main()
