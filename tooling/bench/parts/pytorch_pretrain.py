"""The pretraining step of pretrain-step.mjs in eager PyTorch: the ADM U-Net of 32 px, epsilon with learned sigma (RESCALED_MSE), AdamW,
clipping, EMA. A number read from standard input asks for so many steps, a line of JSON answers with the time of one.
Usage: pytorch_pretrain.py THREADS BATCH LEARNING_RATE [profile]"""

import contextlib
import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

torch.set_num_threads(int(sys.argv[1]))
BATCH, RATE = int(sys.argv[2]), float(sys.argv[3])
WIDTH, MULTIPLIERS, HEAD, T = 32, (1, 2, 4), 32, 1000


def norm(channels):
    return nn.GroupNorm(32, channels)


class Residual(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.in_layers = nn.Sequential(norm(inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(4 * WIDTH, 2 * outputs))
        self.out_norm = norm(outputs)
        self.out_conv = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x, emb):
        h = self.in_layers(x)
        scale, shift = self.emb_layers(emb)[..., None, None].chunk(2, 1)
        h = F.silu(self.out_norm(h) * (1 + scale) + shift)
        return self.skip(x) + self.out_conv(h)


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm, self.qkv, self.proj = norm(channels), nn.Conv1d(channels, 3 * channels, 1), nn.Conv1d(channels, channels, 1)

    def forward(self, x, emb):
        n, c, h, w = x.shape
        flat = x.reshape(n, c, h * w)
        q, k, v = self.qkv(self.norm(flat)).reshape(n * c // HEAD, 3 * HEAD, h * w).chunk(3, 1)
        scale = HEAD**-0.25
        weights = torch.softmax(torch.einsum("bct,bcs->bts", q * scale, k * scale), -1)
        a = torch.einsum("bts,bcs->bct", weights, v).reshape(n, c, h * w)
        return (flat + self.proj(a)).reshape(x.shape)


class Down(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x, emb):
        return self.conv(x)


class Up(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x, emb):
        return self.conv(F.interpolate(x, scale_factor=2, mode="nearest"))


class First(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, WIDTH, 3, padding=1)

    def forward(self, x, emb):
        return self.conv(x)


class UNet(nn.Module):
    """One residual block per level, attention at 8 px."""

    def __init__(self):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.SiLU(), nn.Linear(4 * WIDTH, 4 * WIDTH))
        widths = [WIDTH * multiplier for multiplier in MULTIPLIERS]
        last = len(widths) - 1
        self.down, kept, now = nn.ModuleList([nn.ModuleList([First()])]), [WIDTH], WIDTH
        for level, width in enumerate(widths):
            block = [Residual(now, width)] + ([Attention(width)] if level == last else [])
            self.down.append(nn.ModuleList(block))
            kept.append(width)
            now = width
            if level < last:
                self.down.append(nn.ModuleList([Down(now)]))
                kept.append(now)
        self.middle = nn.ModuleList([Residual(now, now), Attention(now), Residual(now, now)])
        self.up = nn.ModuleList()
        for level, width in reversed(list(enumerate(widths))):
            for place in range(2):
                block = [Residual(now + kept.pop(), width)] + ([Attention(width)] if level == last else [])
                now = width
                if level and place == 1:
                    block.append(Up(now))
                self.up.append(nn.ModuleList(block))
        self.out = nn.Sequential(norm(now), nn.SiLU(), nn.Conv2d(now, 6, 3, padding=1))

    def forward(self, x, t):
        half = WIDTH // 2
        angles = t[:, None] * torch.exp(-math.log(10000) * torch.arange(half) / half)
        emb = self.time(torch.cat([angles.cos(), angles.sin()], 1))
        kept = []
        for block in self.down:
            for layer in block:
                x = layer(x, emb)
            kept.append(x)
        for layer in self.middle:
            x = layer(x, emb)
        for block in self.up:
            x = torch.cat([x, kept.pop()], 1)
            for layer in block:
                x = layer(x, emb)
        return self.out(x)


betas = torch.linspace(1e-4, 0.02, T, dtype=torch.float64)
bar = torch.cumprod(1 - betas, 0)
before = torch.cat([torch.ones(1, dtype=torch.float64), bar[:-1]])
variance = betas * (1 - before) / (1 - bar)
log_variance = torch.log(torch.cat([variance[1:2], variance[1:]])).float()
log_beta = torch.log(betas).float()
first = (betas * before.sqrt() / (1 - bar)).float()
second = ((1 - before) * (1 - betas).sqrt() / (1 - bar)).float()
signal, sigma = bar.sqrt().float(), (1 - bar).sqrt().float()
root, root_less = (1 / bar).sqrt().float(), (1 / bar - 1).sqrt().float()


def at(table, t):
    return table[t][:, None, None, None]


def cdf(x):
    return 0.5 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def likelihood(x, mean, log_scale):
    centred, inverse = x - mean, torch.exp(-log_scale)
    above, below = cdf(inverse * (centred + 1 / 255)), cdf(inverse * (centred - 1 / 255))
    middle = torch.log((above - below).clamp(min=1e-12))
    upper = torch.where(x > 0.999, torch.log((1 - below).clamp(min=1e-12)), middle)
    return torch.where(x < -0.999, torch.log(above.clamp(min=1e-12)), upper)


def loss_of(net, x0, noise, t):
    x = at(signal, t) * x0 + at(sigma, t) * noise
    epsilon, v = net(x, t.float()).chunk(2, 1)
    mse = ((noise - epsilon) ** 2).mean((1, 2, 3))
    share = (v + 1) / 2
    log = share * at(log_beta, t) + (1 - share) * at(log_variance, t)
    true = at(first, t) * x0 + at(second, t) * x
    mean = at(first, t) * (at(root, t) * x - at(root_less, t) * epsilon.detach()) + at(second, t) * x
    old = at(log_variance, t)
    kl = 0.5 * (-1 + log - old + torch.exp(old - log) + (true - mean) ** 2 * torch.exp(-log))
    nats = torch.where(t[:, None, None, None] == 0, -likelihood(x0, mean, 0.5 * log), kl)
    return (mse + nats.mean((1, 2, 3)) / math.log(2) * T / 1000).mean()


torch.manual_seed(0)
net = UNet()
parameters = list(net.parameters())
average = [parameter.detach().clone() for parameter in parameters]
optimizer = torch.optim.AdamW(parameters, RATE, weight_decay=0)
images = torch.randint(0, 256, (8 * BATCH, 3, 32, 32), dtype=torch.uint8)


def step(index):
    rows = torch.arange(BATCH) + BATCH * (index % 8)
    x0 = images[rows].float() / 127.5 - 1
    flipped = torch.rand(BATCH) < 0.5
    x0[flipped] = x0[flipped].flip(-1)
    loss = loss_of(net, x0, torch.randn_like(x0), torch.randint(0, T, (BATCH,)))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    with torch.no_grad():
        torch._foreach_lerp_(average, parameters, 1 - 0.999)
    return loss.item()


def answer(value):
    print(json.dumps(value), flush=True)


class OperatorTimes(TorchDispatchMode):
    """Processor time of each operator, forward and backward."""

    def __init__(self):
        super().__init__()
        self.times = {}

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        before = time.process_time()
        result = operator(*args, **(kwargs or {}))
        calls, spent = self.times.get(str(operator), (0, 0.0))
        self.times[str(operator)] = calls + 1, spent + 1000 * (time.process_time() - before)
        return result


def operators(count):
    """Those since the last time, the dearest first: name, calls and milliseconds of a step."""
    if not isinstance(profile, OperatorTimes):
        return {}
    found = sorted(profile.times.items(), key=lambda item: -item[1][1])
    profile.times = {}
    return {"kernels": [[name, calls / count, spent / count] for name, (calls, spent) in found]}


answer({"ready": "pytorch", "parameters": sum(parameter.numel() for parameter in parameters)})
profile = OperatorTimes() if sys.argv[4:] == ["profile"] else contextlib.nullcontext()
for line in sys.stdin:
    count = int(line)
    step(0)
    started, processor = time.perf_counter(), time.process_time()
    with profile:
        for index in range(count):
            loss = step(index + 1)
    times = (1000 * (now - before) / count for now, before in ((time.perf_counter(), started), (time.process_time(), processor)))
    answer({**dict(zip(("milliseconds", "processor"), times)), "loss": f"loss {loss:.4f}"} | operators(count))
