"""Models on disk: Hugging Face folders (`config.json`, `model.safetensors`, `tokenizer.json`), read and written."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from chat import CHAT_TEMPLATE, END_OF_TEXT, IM_END
from model import Config, Llama


def to_hf_config(c: Config, dtype: str) -> dict:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": c.hidden_size,
        "intermediate_size": c.feed_forward,
        "num_hidden_layers": c.layers,
        "num_attention_heads": c.heads,
        "num_key_value_heads": c.kv_heads,
        "head_dim": c.hidden_size // c.heads,
        "vocab_size": c.vocab_size,
        "max_position_embeddings": c.max_positions,
        "rms_norm_eps": c.norm_eps,
        "rope_theta": c.rope_theta,
        "tie_word_embeddings": True,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "dtype": dtype,
    }


def from_hf_config(hf: dict) -> Config:
    return Config(
        vocab_size=hf["vocab_size"],
        hidden_size=hf["hidden_size"],
        layers=hf["num_hidden_layers"],
        heads=hf["num_attention_heads"],
        kv_heads=hf["num_key_value_heads"],
        feed_forward=hf["intermediate_size"],
        max_positions=hf["max_position_embeddings"],
        rope_theta=hf["rope_theta"],
        norm_eps=hf["rms_norm_eps"],
    ).validate()


def load(folder: Path | str) -> tuple[Llama, Tokenizer]:
    """A model in f32 and its tokenizer."""
    folder = Path(folder)
    model = Llama(from_hf_config(json.loads((folder / "config.json").read_text())))
    weights = {name.removeprefix("model."): w.float() for name, w in load_file(folder / "model.safetensors").items()}
    weights.pop("lm_head.weight", None)  # tied
    model.load_state_dict(weights)
    return model, Tokenizer.from_file(str(folder / "tokenizer.json"))


def load_for(folder: Path | str, tokenizer: Tokenizer) -> Llama:
    """The folder's model with another tokenizer: a new token's embedding is the mean of the pieces that it was before."""
    model, before = load(folder)
    old, special = model.state_dict()["embed_tokens.weight"], before.get_added_tokens_decoder().values()
    same = {t.content: before.token_to_id(t.content) for t in special}
    rows = []
    for token in range(tokenizer.get_vocab_size()):
        name = tokenizer.id_to_token(token)
        pieces = [same[name]] if name in same else before.encode(tokenizer.decode([token]), add_special_tokens=False).ids
        if before.token_to_id(name) is not None:
            pieces = [before.token_to_id(name)]
        rows.append(old[pieces].mean(0) if pieces else old.mean(0))
    model.embed_tokens.weight = torch.nn.Parameter(torch.stack(rows))
    model.config.vocab_size = len(rows)
    return model


def save(folder: Path | str, model: Llama, tokenizer: Tokenizer, dtype: torch.dtype = torch.float16) -> None:
    """Writes the folder that the page and `transformers` read."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    name = str(dtype).removeprefix("torch.")
    (folder / "config.json").write_text(json.dumps(to_hf_config(model.config, name), indent=2) + "\n")
    weights = {f"model.{n}": p.detach().cpu().to(dtype).contiguous() for n, p in model.named_parameters()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "bos_token": END_OF_TEXT,
                "eos_token": IM_END,
                "pad_token": END_OF_TEXT,
                "model_max_length": model.config.max_positions,
                "clean_up_tokenization_spaces": False,
                "chat_template": CHAT_TEMPLATE,
            },
            indent=2,
        )
        + "\n"
    )
