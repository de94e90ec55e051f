"""The training step of detector-step.mjs in eager PyTorch; every line from standard input asks for one, a line of JSON answers.
Usage: pytorch_detector.py THREADS SHAPES, SHAPES as JSON"""

import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(int(sys.argv[1]))
shapes = json.loads(sys.argv[2])
batch, side, width, layers, classes = (shapes[name] for name in ("batch", "side", "width", "layers", "classes"))
channels = shapes["channels"]
GROUPS, FINEST, PRIOR, ALPHA, EXTRA = 32, 8, 0.01, 0.25, 1
levels = len(channels) + EXTRA


def conv(inputs, outputs, kernel=3, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)


def tower():
    stages = [[conv(width, width), nn.GroupNorm(GROUPS, width), nn.ReLU()] for _ in range(layers)]
    return nn.Sequential(*(layer for stage in stages for layer in stage))


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.laterals = nn.ModuleList(conv(count, width, 1) for count in channels)
        self.outputs = nn.ModuleList(conv(width, width) for _ in channels)
        self.extra = nn.ModuleList(conv(width, width, stride=2) for _ in range(EXTRA))
        self.class_tower, self.box_tower = tower(), tower()
        self.classify, self.box, self.quality = conv(width, classes), conv(width, 4), conv(width, 1)
        self.scales = nn.ParameterList(nn.Parameter(torch.ones(1)) for _ in range(levels))
        nn.init.constant_(self.classify.bias, math.log(PRIOR / (1 - PRIOR)))

    def pyramid(self, maps):
        sums = [layer(x) for layer, x in zip(self.laterals, maps)]
        for level in range(len(sums) - 1, 0, -1):
            sums[level - 1] = sums[level - 1] + F.interpolate(sums[level], scale_factor=2, mode="nearest")
        found = [layer(x) for layer, x in zip(self.outputs, sums)]
        for layer in self.extra:
            found.append(layer(found[-1]))
        return found

    def forward(self, maps):
        rows = lambda x: x.flatten(2).transpose(1, 2)
        logits, distances, quality = [], [], []
        for level, x in enumerate(self.pyramid(maps)):
            classified, boxed = self.class_tower(x), self.box_tower(x)
            logits.append(rows(self.classify(classified)))
            exponents = (rows(self.box(boxed)) * self.scales[level]).clamp(-8, 8)
            distances.append(exponents.exp() * FINEST * 2**level)
            quality.append(rows(self.quality(boxed)))
        return torch.cat(logits, 1), torch.cat(distances, 1), torch.cat(quality, 1).squeeze(2)


def area(distances):
    left, top, right, bottom = distances.unbind(-1)
    return (left + right) * (top + bottom)


def objective(logits, distances, quality, target):
    positive = (target["labels"] >= 0).float()
    count = positive.sum().clamp(min=1)
    present = (target["labels"].unsqueeze(2) == torch.arange(classes)).float()
    p = torch.sigmoid(logits)
    seen = p * present + (1 - p) * (1 - present)
    alpha = ALPHA * present + (1 - ALPHA) * (1 - present)
    focal = alpha * (1 - seen) ** 2 * F.binary_cross_entropy_with_logits(logits, present, reduction="none")
    shared, hull = area(torch.minimum(distances, target["distances"])), area(torch.maximum(distances, target["distances"]))
    union = area(distances) + area(target["distances"]) - shared
    giou = shared / union - (hull - union) / hull
    central = target["centreness"]
    entropy = F.binary_cross_entropy_with_logits(quality, central, reduction="none") * positive
    return focal.sum() / count + ((1 - giou) * central).sum() / central.sum() + entropy.sum() / count


torch.manual_seed(0)
detector = Detector()
parameters = list(detector.parameters())
optimizer = torch.optim.SGD(parameters, 0.001, 0.9)
maps = [
    torch.sin((level + 1.3) * torch.arange(batch * count * (side >> level) ** 2)).view(batch, count, side >> level, side >> level)
    for level, count in enumerate(channels)
]
locations = sum((side >> level) ** 2 for level in range(levels))
index = torch.arange(batch * locations)
labels = torch.where(index % 20 == 0, (index // 20) % classes, -1).float()
distances = 20 + 8 * torch.sin(torch.arange(4.0 * batch * locations)).view(-1, 4)
target = {
    "labels": labels.view(batch, locations),
    "distances": torch.where(labels.unsqueeze(1) >= 0, distances, 0.0).view(batch, locations, 4),
    "centreness": torch.where(labels >= 0, 0.5, 0.0).view(batch, locations),
}

print(json.dumps({"ready": torch.__version__, "parameters": sum(each.numel() for each in parameters)}), flush=True)
for _ in sys.stdin:
    started = time.perf_counter()
    optimizer.zero_grad()
    loss = objective(*detector(maps), target)
    loss.backward()
    optimizer.step()
    value = loss.item()
    print(json.dumps({"milliseconds": 1000 * (time.perf_counter() - started), "loss": value}), flush=True)
