"""The training step of pixel-decoder-step.mjs in eager PyTorch; every line from standard input asks for one, a line of JSON answers.
Usage: pytorch_pixel_decoder.py THREADS SHAPES, SHAPES as JSON"""

import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(int(sys.argv[1]))
shapes = json.loads(sys.argv[2])
batch, side, width, image, classes = (shapes[name] for name in ("batch", "side", "width", "image", "classes"))
channels = shapes["channels"]
SCALES, GROUPS, IGNORE = (1, 2, 3, 6), 32, 255


def norm():
    return nn.Sequential(nn.GroupNorm(GROUPS, width), nn.ReLU())


def unit(inputs, kernel):
    return nn.Sequential(nn.Conv2d(inputs, width, kernel, padding=kernel // 2, bias=False), norm())


def resized(x, size):
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


class Segmenter(nn.Module):
    def __init__(self):
        super().__init__()
        self.inputs = nn.ModuleList(nn.BatchNorm2d(count) for count in channels)
        coarsest = channels[-1]
        self.scales = nn.ModuleList(unit(coarsest, 1) for _ in SCALES)
        self.bottleneck = unit(coarsest + len(SCALES) * width, 3)
        self.laterals = nn.ModuleList(nn.Conv2d(count, width, 1) for count in [*channels[:-1], width])
        self.outputs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in channels)
        self.norms = nn.ModuleList(norm() for _ in channels)
        self.fusion = unit(len(channels) * width, 3)
        self.classify = nn.Conv2d(width, classes, 1)

    def pooled(self, x):
        size = x.shape[2:]
        branches = [resized(layer(F.adaptive_avg_pool2d(x, cells)), size) for cells, layer in zip(SCALES, self.scales)]
        return self.bottleneck(torch.cat([x, *branches], 1))

    def forward(self, maps):
        maps = [layer(x) for layer, x in zip(self.inputs, maps)]
        maps[-1] = self.pooled(maps[-1])
        sums = [layer(x) for layer, x in zip(self.laterals, maps)]
        for level in range(len(sums) - 1, 0, -1):
            sums[level - 1] = sums[level - 1] + F.interpolate(sums[level], size=sums[level - 1].shape[2:], mode="nearest")
        levels = [after(layer(x)) for layer, after, x in zip(self.outputs, self.norms, sums)]
        joined = torch.cat([resized(x, levels[0].shape[2:]) for x in levels], 1)
        return resized(self.classify(self.fusion(joined)), (image, image))


torch.manual_seed(0)
net = Segmenter()
maps = [
    torch.sin((level + 1.3) * torch.arange(batch * count * (side >> level) ** 2)).reshape(batch, count, side >> level, side >> level)
    for level, count in enumerate(channels)
]
rows = torch.arange(image)
shown = torch.where(rows == 0, IGNORE, rows % classes)
labels = shown[None, :, None].expand(batch, image, image).contiguous()
optimizer = torch.optim.SGD(net.parameters(), 0.01, 0.9)


def step():
    started = time.perf_counter()
    optimizer.zero_grad()
    loss = F.cross_entropy(net(maps), labels, ignore_index=IGNORE)
    loss.backward()
    optimizer.step()
    value = loss.item()
    return {"milliseconds": (time.perf_counter() - started) * 1000, "loss": value}


def answer(value):
    print(json.dumps(value), flush=True)


answer({"ready": "pytorch", "parameters": sum(parameter.numel() for parameter in net.parameters())})
for _ in sys.stdin:
    answer(step())
