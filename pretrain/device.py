"""Where the numbers are computed: on an NVIDIA GPU where there is one, in bfloat16 products; else on the processor in f32."""

import torch


def choose() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def mixed(device: torch.device) -> torch.autocast:
    """Matrix products in bfloat16 on a GPU; no change on the processor, where that is slower."""
    return torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda")
