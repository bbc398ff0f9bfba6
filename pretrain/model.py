"""The language model: a Llama in one file, named as `transformers` names its tensors.

Sizes are letters in the comments below: B sequences, T positions, V vocabulary, D hidden size,
H query heads, G key/value heads, C = D / H channels a head, F feed-forward size.
Source: Touvron et al. 2023 (arXiv:2302.13971); reference code `transformers/models/llama`.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class Config:
    """Sizes of the model. `validate` says in a sentence what does not fit together."""

    vocab_size: int = 4096
    hidden_size: int = 192
    layers: int = 6
    heads: int = 3
    kv_heads: int = 1
    feed_forward: int = 512
    max_positions: int = 1024
    rope_theta: float = 10000.0
    norm_eps: float = 1e-5

    def validate(self) -> "Config":
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden size {self.hidden_size} can't be cut into {self.heads} heads: choose a multiple")
        if (self.hidden_size // self.heads) % 2:
            raise ValueError("rotary positions need an even number of channels a head")
        if self.heads % self.kv_heads:
            raise ValueError(f"{self.heads} query heads can't share {self.kv_heads} key/value heads evenly")
        return self


class Attention(nn.Module):
    """Causal grouped-query attention with rotary positions."""

    def __init__(self, c: Config):
        super().__init__()
        self.heads, self.kv_heads, self.channels = c.heads, c.kv_heads, c.hidden_size // c.heads
        self.q_proj = nn.Linear(c.hidden_size, c.hidden_size, bias=False)
        self.k_proj = nn.Linear(c.hidden_size, c.kv_heads * self.channels, bias=False)
        self.v_proj = nn.Linear(c.hidden_size, c.kv_heads * self.channels, bias=False)
        self.o_proj = nn.Linear(c.hidden_size, c.hidden_size, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:  # (B, T, D) -> (B, T, D)
        b, t, d = x.shape
        q = self.q_proj(x).view(b, t, self.heads, self.channels).transpose(1, 2)  # (B, H, T, C)
        k = self.k_proj(x).view(b, t, self.kv_heads, self.channels).transpose(1, 2)  # (B, G, T, C)
        v = self.v_proj(x).view(b, t, self.kv_heads, self.channels).transpose(1, 2)  # (B, G, T, C)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        shared = self.heads // self.kv_heads
        k, v = k.repeat_interleave(shared, 1), v.repeat_interleave(shared, 1)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(mixed.transpose(1, 2).reshape(b, t, d))


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turns each channel pair (i, i + C/2) by its position's angle. x (B, H, T, C); cos, sin (T, C/2)."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class FeedForward(nn.Module):
    """SwiGLU (Shazeer 2020, arXiv:2002.05202)."""

    def __init__(self, c: Config):
        super().__init__()
        self.gate_proj = nn.Linear(c.hidden_size, c.feed_forward, bias=False)
        self.up_proj = nn.Linear(c.hidden_size, c.feed_forward, bias=False)
        self.down_proj = nn.Linear(c.feed_forward, c.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.input_layernorm = nn.RMSNorm(c.hidden_size, eps=c.norm_eps)
        self.self_attn = Attention(c)
        self.post_attention_layernorm = nn.RMSNorm(c.hidden_size, eps=c.norm_eps)
        self.mlp = FeedForward(c)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    """Tied head: the embedding table is also the matrix of the logits."""

    def __init__(self, c: Config):
        super().__init__()
        self.config = c.validate()
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.layers = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.norm = nn.RMSNorm(c.hidden_size, eps=c.norm_eps)
        self.initialise()
        channels = c.hidden_size // c.heads
        turn = 1.0 / c.rope_theta ** (torch.arange(0, channels, 2) / channels)
        angle = torch.outer(torch.arange(c.max_positions), turn)  # (positions, C/2)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def initialise(self) -> None:
        """Normal 0.02; what writes into the residual stream is smaller by sqrt(2 layers) (GPT-2)."""
        for name, p in self.named_parameters():
            if p.dim() == 2:
                last = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(p, 0.0, 0.02 / math.sqrt(2 * self.config.layers) if last else 0.02)

    @property
    def device(self) -> torch.device:
        return self.embed_tokens.weight.device

    def hidden(self, x: Tensor) -> Tensor:
        """Embedded rows (B, T, D) -> what the head reads (B, T, D)."""
        t = x.shape[1]
        for layer in self.layers:
            x = layer(x, self.cos[:t], self.sin[:t])
        return self.norm(x)

    def logits(self, h: Tensor) -> Tensor:  # (..., D) -> (..., V)
        return h @ self.embed_tokens.weight.T

    def loss(self, ids: Tensor) -> Tensor:
        """Mean cross-entropy in nats of every next token. ids (B, T + 1)."""
        h = self.hidden(self.embed_tokens(ids[:, :-1]))
        return F.cross_entropy(self.logits(h).flatten(0, 1), ids[:, 1:].flatten())

    def parameter_count(self) -> int:
        return sum(p.numel() for p in self.parameters())
