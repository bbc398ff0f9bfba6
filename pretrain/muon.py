"""Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/): momentum, made orthogonal by Newton-Schulz."""

import torch
from torch import Tensor


def orthogonal(g: Tensor, iterations: int = 5) -> Tensor:
    """Matrices (K, m, n) with g's singular vectors and singular values near 1."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = g.shape[1] > g.shape[2]
    x = g.mT if tall else g
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(iterations):
        s = x @ x.mT
        x = a * x + (b * s + c * s @ s) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """For the matrices inside the blocks, K of one shape at a time; everything else takes AdamW."""

    def __init__(self, params, lr: float, momentum: float = 0.95, weight_decay: float = 0.01):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            shapes: dict[torch.Size, list[Tensor]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    shapes.setdefault(p.shape, []).append(p)
            for shape, alike in shapes.items():
                self.step_alike(group, shape, alike)

    def step_alike(self, group: dict, shape: torch.Size, alike: list[Tensor]) -> None:
        gradients = [p.grad for p in alike]
        for p in alike:
            if "momentum" not in self.state[p]:
                self.state[p]["momentum"] = torch.zeros_like(p)
        moments = [self.state[p]["momentum"] for p in alike]
        torch._foreach_lerp_(moments, gradients, 1 - group["momentum"])
        updates = orthogonal(torch.stack(torch._foreach_lerp(gradients, moments, group["momentum"])))
        torch._foreach_mul_(alike, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(alike, updates.unbind(), alpha=-group["lr"] * max(1, shape[0] / shape[1]) ** 0.5)
