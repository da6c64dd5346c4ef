"""LLaVA and Idefics3 (what SmolVLM is) with the real classes and a handful of parameters, made on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

SPECIAL = (
    "<pad>",
    "<s>",
    "</s>",
    "<unk>",
    "<image>",
    "<fake_token_around_image>",
    "<global-img>",
    "<end_of_utterance>",
)
TEXT = """
calm dark bright warm slow fast steady piano guitar strings melody rhythm atmosphere music with and soft
drums pads bells flute minor major key background under words pictures video fits
"""
CHAT_TEMPLATE = (
    "{% for message in messages %}{% for line in message['content'] %}{% if line['type'] == 'image' %}<image>"
    "{% else %}{{ line['text'] }}{% endif %}{% endfor %}{% endfor %}"
)


def save_tiny_llava(folder: Path) -> Path:
    """Write a tiny LlavaForConditionalGeneration with its processor to a folder."""
    from transformers import (
        CLIPImageProcessorPil,
        CLIPVisionConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    torch.manual_seed(0)
    tokenizer = _tokenizer()
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=28,
            patch_size=14,
        ).to_dict(),
        text_config=_llama_config(len(tokenizer)).to_dict(),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=4,
    )
    _speaking(LlavaForConditionalGeneration(config)).save_pretrained(folder)
    images = CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
    LlavaProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT_TEMPLATE,
    ).save_pretrained(folder)
    return folder


def save_tiny_idefics3(folder: Path) -> Path:
    """Write a tiny Idefics3ForConditionalGeneration with its processor to a folder."""
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3ImageProcessorPil,
        Idefics3Processor,
    )

    torch.manual_seed(0)
    tokenizer = _tokenizer()
    config = Idefics3Config(
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
        },
        text_config=_llama_config(len(tokenizer)).to_dict(),
        scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
    )
    _speaking(Idefics3ForConditionalGeneration(config)).save_pretrained(folder)
    images = Idefics3ImageProcessorPil(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    Idefics3Processor(images, tokenizer, image_seq_len=4, chat_template=CHAT_TEMPLATE).save_pretrained(folder)
    return folder


def _speaking(network: Any) -> Any:
    """Random weights that are large enough for the words to differ from each other."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(8)
    network.generation_config.eos_token_id = 2
    network.generation_config.pad_token_id = 0
    network.generation_config.suppress_tokens = list(range(len(SPECIAL)))
    return network


def _llama_config(vocab_size: int) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )


def _tokenizer() -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import PreTrainedTokenizerFast

    vocab = {word: number for number, word in enumerate((*SPECIAL, *TEXT.split()))}
    model = Tokenizer(WordLevel(vocab, unk_token="<unk>"))
    model.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=model,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=list(SPECIAL[4:]),
    )
