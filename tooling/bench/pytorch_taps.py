"""Features of an ADM U-Net in PyTorch: the yardstick of the extraction benchmark.

An implementation of its own of the ADM forward pass, plain eager PyTorch in evaluation mode, early exit included.
Reads one JSON request per line from standard input and answers with one JSON line, so that the caller can alternate
it with something else:

  {"weights": W.pt, "architecture": A.json, "threads": 2}             -> {"blocks": 13}
  {"block": 9, "batch": 32, "pool": 2, "timestep": 50, "all": false}  -> {"milliseconds": 183.2}
  {"check": E.safetensors, "timestep": 50}                            -> {"worst": 3.1e-6}
"""

import json
import math
import sys
import time

import torch
import torch.nn.functional as F


def group_norm(x, state, name):
    return F.group_norm(x, 32, state[name + ".weight"], state[name + ".bias"], 1e-5)


def conv(x, state, name, **options):
    weight = state[name + ".weight"]
    if weight.dim() == 3:
        weight = weight.unsqueeze(-1)
    return F.conv2d(x, weight, state[name + ".bias"], **options)


class Network:
    """The state dict and the flags; the layers of a block are told from the names in the state dict."""

    def __init__(self, weights, architecture):
        state = torch.load(weights, map_location="cpu", weights_only=True)
        self.state = {name: value.float().contiguous() for name, value in state.items()}
        settings = json.load(open(architecture))
        self.flags, diffusion = settings["flags"], settings["diffusion"]
        self.alphas = torch.cumprod(1 - betas(diffusion), 0)
        self.rescale = 1000 / diffusion["diffusion_steps"] if diffusion["rescale_timesteps"] else 1
        self.inputs = self.count("input_blocks")
        self.outputs = self.count("output_blocks")
        self.blocks = self.inputs + 1 + self.outputs

    def count(self, part):
        return 1 + max(int(name.split(".")[1]) for name in self.state if name.startswith(part))

    def embedding(self, timesteps):
        half = self.flags["num_channels"] // 2
        frequencies = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)
        angles = timesteps[:, None] * frequencies
        x = torch.cat([torch.cos(angles), torch.sin(angles)], 1)
        for name in ("time_embed.0", "time_embed.2"):
            x = F.silu(F.linear(x, self.state[name + ".weight"], self.state[name + ".bias"]))
        return x  # the last SiLU is the one that begins every projection

    def layer(self, x, emb, prefix, part):
        has = lambda suffix: f"{prefix}.{suffix}.weight" in self.state
        if has("in_layers.0"):
            return self.residual(x, emb, prefix, part)
        if has("qkv"):
            return self.attention(x, prefix)
        if has("op"):
            return conv(x, self.state, prefix + ".op", stride=2, padding=1)
        if has("conv"):
            return conv(F.interpolate(x, scale_factor=2, mode="nearest"), self.state, prefix + ".conv", padding=1)
        return conv(x, self.state, prefix, padding=1)

    def residual(self, x, emb, prefix, resize):
        state = self.state
        h = F.silu(group_norm(x, state, prefix + ".in_layers.0"))
        if resize == "down":
            h, x = F.avg_pool2d(h, 2), F.avg_pool2d(x, 2)
        if resize == "up":
            h, x = (F.interpolate(each, scale_factor=2, mode="nearest") for each in (h, x))
        h = conv(h, state, prefix + ".in_layers.2", padding=1)
        projection = F.linear(emb, state[prefix + ".emb_layers.1.weight"], state[prefix + ".emb_layers.1.bias"])
        projection = projection[:, :, None, None]
        if self.flags["use_scale_shift_norm"]:
            scale, shift = projection.chunk(2, 1)
            h = group_norm(h, state, prefix + ".out_layers.0") * (1 + scale) + shift
        else:
            h = group_norm(h + projection, state, prefix + ".out_layers.0")
        h = conv(F.silu(h), state, prefix + ".out_layers.3", padding=1)
        if prefix + ".skip_connection.weight" in state:
            x = conv(x, state, prefix + ".skip_connection")
        return x + h

    def attention(self, x, prefix):
        n, c, height, width = x.shape
        heads = c // self.flags["num_head_channels"]
        if self.flags["num_head_channels"] == -1:
            heads = self.flags["num_heads"]
        qkv = conv(group_norm(x, self.state, prefix + ".norm"), self.state, prefix + ".qkv")
        if self.flags["use_new_attention_order"]:
            q, k, v = (part.reshape(n, heads, -1, height * width) for part in qkv.chunk(3, 1))
        else:
            q, k, v = qkv.reshape(n, heads, -1, height * width).chunk(3, 2)
        q, k, v = (each.transpose(2, 3) for each in (q, k, v))
        attended = F.scaled_dot_product_attention(q, k, v)
        return x + conv(attended.transpose(2, 3).reshape(n, c, height, width), self.state, prefix + ".proj_out")

    def resize_of(self, part, index):
        """With resblock_updown, the residual layers that resize: told from the number of layers per level."""
        if not self.flags["resblock_updown"]:
            return {}
        per_level = self.flags["num_res_blocks"] + 1
        if part == "input_blocks" and index > 0 and index % per_level == 0:
            return {0: "down"}
        if part == "output_blocks" and (index + 1) % per_level == 0 and index + 1 < self.outputs:
            return {self.layers(part, index) - 1: "up"}
        return {}

    def layers(self, part, index):
        prefix = f"{part}.{index}."
        return 1 + max(int(name.split(".")[2]) for name in self.state if name.startswith(prefix))

    def block(self, x, emb, part, index):
        prefix = f"{part}.{index}" if index is not None else part
        resizes = self.resize_of(part, index) if index is not None else {}
        count = self.layers(part, index) if index is not None else 3
        for layer in range(count):
            x = self.layer(x, emb, f"{prefix}.{layer}", resizes.get(layer))
        return x

    def taps(self, x, timestep, wanted, pool):
        """Pooled features of the wanted blocks; nothing after the last of them is computed."""
        emb = self.embedding(torch.full((x.shape[0],), float(timestep) * self.rescale))
        kept, features = [], {}
        for number in range(1, max(wanted) + 1):
            if number <= self.inputs:
                x = self.block(x, emb, "input_blocks", number - 1)
                kept.append(x)
            elif number == self.inputs + 1:
                x = self.block(x, emb, "middle_block", None)
            else:
                x = self.block(torch.cat([x, kept.pop()], 1), emb, "output_blocks", number - self.inputs - 2)
            if number in wanted:
                features[number] = F.adaptive_avg_pool2d(x, pool).flatten(1)
        return features

    def features(self, images, noise, timestep, wanted, pool):
        x = images.float() / 127.5 - 1
        alpha = self.alphas[timestep]
        x = (alpha.sqrt() * x + (1 - alpha).sqrt() * noise).float()
        return self.taps(x, timestep, wanted, pool)


def betas(diffusion):
    steps = diffusion["diffusion_steps"]
    if diffusion["noise_schedule"] == "linear":
        return torch.linspace(0.1 / steps, 20 / steps, steps, dtype=torch.float64)
    f = lambda s: math.cos((s + 0.008) / 1.008 * math.pi / 2) ** 2
    values = [min(1 - f((i + 1) / steps) / f(i / steps), 0.999) for i in range(steps)]
    return torch.tensor(values, dtype=torch.float64)


def measure(network, request):
    side = network.flags["image_size"]
    generator = torch.Generator().manual_seed(0)
    shape = (request["batch"], 3, side, side)
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    noise = torch.randn(shape, generator=generator)
    wanted = set(range(1, request["block"] + 1)) if request.get("all") else {request["block"]}
    started = time.perf_counter()
    network.features(images, noise, request["timestep"], wanted, request["pool"])
    return {"milliseconds": (time.perf_counter() - started) * 1000}


def check(network, request):
    from safetensors.torch import load_file

    expected, t = load_file(request["check"]), request["timestep"]
    got = network.features(
        expected["images_uint8"], expected[f"t{t}.noise"], t, set(range(1, network.blocks + 1)), 2
    )
    differences = []
    for number, features in got.items():
        want = expected[f"t{t}.block.{number:02d}.pool2"]
        differences.append(float((features - want).abs().max() / want.abs().max()))
    return {"worst": max(differences)}


def main():
    network = None
    with torch.inference_mode():
        for line in sys.stdin:
            request = json.loads(line)
            if "weights" in request:
                torch.set_num_threads(request["threads"])
                network = Network(request["weights"], request["architecture"])
                answer = {"blocks": network.blocks}
            elif "check" in request:
                answer = check(network, request)
            else:
                answer = measure(network, request)
            print(json.dumps(answer), flush=True)


main()
