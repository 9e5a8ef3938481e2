"""Milliseconds of a LeNet step in PyTorch on this GPU, batch 256 + 256, Adam: uniform weights, and ADIW-KM's five projected-gradient
steps on a weight memory; everything vectorised and on the device, nothing copied back, captured as a CUDA graph and replayed.
Prints: torch VERSION, then uniform MS, then adiw-km MS (medians of rounds of 50 steps)."""
import statistics
import torch
import torch.nn.functional as F

N, B, V, STEPS, ETA, UPPER, RIDGE = 10_000, 256, 1_000, 5, 1.0, 50.0, 1e-5
EPS = (B ** 0.5 - 1) / B ** 0.5
device = torch.device("cuda")
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
torch.backends.cudnn.benchmark = True


class LeNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = torch.nn.Conv2d(6, 16, 5)
        self.fc1 = torch.nn.Linear(400, 120)
        self.fc2 = torch.nn.Linear(120, 84)
        self.fc3 = torch.nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


def project(v, low, high):
    """Onto {0 <= w <= UPPER, low <= sum w <= high}: the multiplier by its sorted breakpoints, without a branch."""
    clipped = v.clamp(0, UPPER)
    total = clipped.sum()
    target = total.clamp(low, high)
    points = torch.cat([v, v - UPPER]).sort().values
    sums = (v[None, :] - points[:, None]).clamp(0, UPPER).sum(1)
    k = (sums > target).sum().clamp(1, 2 * B - 1)
    s0, s1, t0, t1 = sums[k - 1], sums[k], points[k - 1], points[k]
    t = t0 + (s0 - target) / (s0 - s1).clamp_min(1e-20) * (t1 - t0)
    return torch.where(target == total, clipped, (v - t).clamp(0, UPPER))


PAIRS = torch.triu_indices(B, B, 1, device=device)


def estimate(z, zv, w):
    gamma = torch.quantile((z[PAIRS[0]] - z[PAIRS[1]]).abs(), 0.01)
    gram = torch.exp(-gamma * (z[:, None] - z[None, :]) ** 2) + RIDGE * torch.eye(B, device=device)
    kappa = torch.exp(-gamma * (z[:, None] - zv[None, :]) ** 2).sum(1) * (B / zv.numel())
    rate = ETA / gram.sum(1).max()
    for _ in range(STEPS):
        w = project(w - rate * (gram @ w - kappa), B * (1 - EPS), B * (1 + EPS))
    return w


def measure(weighted):
    torch.manual_seed(1)
    images = torch.randint(0, 256, (N, 1, 28, 28), dtype=torch.uint8, device=device)
    labels = torch.randint(0, 10, (N,), device=device)
    memory = torch.ones(N, device=device)
    rows = torch.randint(0, N, (B,), device=device)
    validation = torch.randint(0, V, (B,), device=device)
    model = LeNet().to(device)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, capturable=True, foreach=True)

    def step():
        rows.random_(0, N)
        x, y = images[rows].float().div_(255), labels[rows]
        if weighted:
            validation.random_(0, V)
            both = torch.cat([x, images[validation].float().div_(255)])
            losses = F.cross_entropy(model(both), torch.cat([y, labels[validation]]), reduction="none")
            with torch.no_grad():
                w = estimate(losses[:B].detach(), losses[B:].detach(), memory[rows])
                memory[rows] = w
            loss = (losses[:B] * w).sum()
        else:
            loss = F.cross_entropy(model(x), y, reduction="sum")
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            step()
    torch.cuda.current_stream().wait_stream(side)
    try:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        run, how = graph.replay, "captured"
    except RuntimeError:
        torch.cuda.synchronize()
        run, how = step, "eager"
    rounds = []
    for _ in range(12):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(50):
            run()
        end.record()
        torch.cuda.synchronize()
        rounds.append(start.elapsed_time(end) / 50)
    return statistics.median(rounds[2:]), how


print("torch", torch.__version__)
for name in ("uniform", "adiw-km"):
    millis, how = measure(name != "uniform")
    print(name, f"{millis:.4f}", how)
