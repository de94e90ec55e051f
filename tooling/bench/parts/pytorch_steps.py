"""The training steps of steps.mjs in eager PyTorch, one JSON line per name read from standard input."""

import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(int(sys.argv[1]))
device = sys.argv[2] if len(sys.argv) > 2 else "cpu"


class Block(nn.Module):
    def __init__(self, width=256, heads=8, classes=10):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        n, tokens, width = x.shape
        split = self.qkv(self.norm1(x)).view(n, tokens, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, tokens, width))
        x = x + self.down(F.relu(self.up(self.norm2(x))))
        return self.head(x[:, 0])


def transformer():
    block = Block().to(device)
    optimizer = torch.optim.SGD(block.parameters(), 0.05, 0.9)
    x, y = torch.randn(32, 257, 256, device=device), torch.arange(32, device=device) % 10

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(block(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def convolution():
    x = torch.randn(16, 128, 32, 32, device=device, requires_grad=True)
    w = torch.randn(128, 128, 3, 3, device=device, requires_grad=True)
    g = torch.randn(16, 128, 32, 32, device=device)

    def step():
        x.grad = w.grad = None
        F.conv2d(x, w, padding=1).backward(g)
        return torch.stack([x.grad.max(), w.grad.max()]).tolist()[0]

    return step


def layers():
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(4096, 10),
    ).to(device)  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    x, y = torch.randn(256, 3, 32, 32, device=device), torch.arange(256, device=device) % 10

    def step():
        total = 0.0
        for start in range(0, 256, 32):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[start : start + 32]), y[start : start + 32])
            loss.backward()
            optimizer.step()
            total += loss.item()
        return total / 8

    return step


steps = {}
print(json.dumps({"ready": torch.__version__}), flush=True)
for line in sys.stdin:
    name = line.strip()
    if name not in steps:
        steps[name] = globals()[name]()
    started = time.perf_counter()
    value = steps[name]()
    print(json.dumps({"milliseconds": 1000 * (time.perf_counter() - started), "value": value}), flush=True)
