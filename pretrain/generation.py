"""Greedy answers to many questions at once, with a key/value cache. S sequences, T positions, D hidden size."""

import torch
import torch.nn.functional as F
from torch import Tensor

from model import Llama, rotate


class Cache:
    """Keys and values of every layer so far, and which positions are padding."""

    def __init__(self, model: Llama, padded: Tensor):  # padded (S, T) bool
        self.keys = [None] * len(model.layers)
        self.values = [None] * len(model.layers)
        self.visible = ~padded

    def step(self, model: Llama, x: Tensor) -> Tensor:
        """Rows x (S, t, D) that follow what is cached -> what the head reads (S, t, D)."""
        past = 0 if self.keys[0] is None else self.keys[0].shape[2]
        t = x.shape[1]
        cos, sin = model.cos[past : past + t], model.sin[past : past + t]
        causal = torch.ones(t, past + t, dtype=torch.bool, device=x.device).tril(past)
        mask = (causal & self.visible[:, None, : past + t])[:, None]  # (S, 1, t, past + t)
        mask = mask | torch.eye(t, past + t, dtype=torch.bool, device=x.device).roll(past, 1)  # a padded row sees itself: no NaN
        for i, layer in enumerate(model.layers):
            a = layer.self_attn
            y = layer.input_layernorm(x)
            q, k, v = (
                proj(y).view(*y.shape[:2], -1, a.channels).transpose(1, 2) for proj in (a.q_proj, a.k_proj, a.v_proj)
            )
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
            if past:
                k, v = torch.cat((self.keys[i], k), 2), torch.cat((self.values[i], v), 2)
            self.keys[i], self.values[i] = k, v
            shared = a.heads // a.kv_heads
            mixed = F.scaled_dot_product_attention(q, k.repeat_interleave(shared, 1), v.repeat_interleave(shared, 1), mask)
            x = x + a.o_proj(mixed.transpose(1, 2).reshape(x.shape))
            x = x + layer.mlp(layer.post_attention_layernorm(x))
        return model.norm(x)


@torch.no_grad()
def answers(
    model: Llama, prompts: list[Tensor | None], questions: list[list[int]], end: int, penalty: float = 1.0, longest: int = 160
) -> list[list[int]]:
    """Greedy tokens after each prepared question, up to the end of turn. prompts[i] is (P, D), or None for the base.

    penalty: of the tokens that the answer has written, as in `src/sampler.rs` (Keskar et al. 2019, arXiv:1909.05858). Sequences are padded on the left: rotary positions are relative, so a shift of a whole sequence changes nothing.
    """
    rows = [model.embed_tokens.weight[torch.tensor(q)] for q in questions]
    rows = [r if p is None else torch.cat((p, r)) for p, r in zip(prompts, rows)]
    t = max(len(r) for r in rows)
    x = torch.stack([F.pad(r, (0, 0, t - len(r), 0)) for r in rows])
    padded = torch.tensor([[j < t - len(r) for j in range(t)] for r in rows], device=x.device)
    cache = Cache(model, padded)
    out: list[list[int]] = [[] for _ in rows]
    open_rows = set(range(len(rows)))
    written = torch.zeros(len(rows), model.config.vocab_size, dtype=torch.bool, device=x.device)
    h = cache.step(model, x)
    for _ in range(longest):
        logits = model.logits(h[:, -1])  # (S, V)
        logits = torch.where(written, torch.where(logits > 0, logits / penalty, logits * penalty), logits)
        token = logits.argmax(-1)  # (S,)
        written.scatter_(1, token[:, None], True)
        for i, chosen in enumerate(token.tolist()):
            if chosen == end:
                open_rows.discard(i)
            elif i in open_rows:
                out[i].append(chosen)
        if not open_rows:
            break
        cache.visible = F.pad(cache.visible, (0, 1), value=True)
        h = cache.step(model, model.embed_tokens(token)[:, None])
    return out
