"""AudioLDM 2 and AudioLDM with the real classes and a handful of parameters, made on the spot with no download."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

WORDS = ("calm", "dark", "piano", "music", "slow", "fast", "bright", "guitar", "noise", ",", ".")
SPEECH_RATE = 16000


def save_tiny_audioldm2(folder: Path) -> Path:
    """Write a tiny AudioLDM2Pipeline to a folder, as from_pretrained reads it."""
    from diffusers import AudioLDM2Pipeline, AudioLDM2ProjectionModel, AudioLDM2UNet2DConditionModel
    from transformers import GPT2Config, GPT2Model, T5Config, T5EncoderModel

    torch.manual_seed(0)
    language_model = GPT2Model(
        GPT2Config(n_embd=16, n_head=2, n_layer=1, vocab_size=50, n_positions=99, bos_token_id=0, eos_token_id=1)
    )
    language_model.config.max_new_tokens = 8
    pipe = AudioLDM2Pipeline(
        vae=_vae(),
        text_encoder=_clap(),
        text_encoder_2=T5EncoderModel(
            T5Config(vocab_size=40, d_model=32, d_ff=37, d_kv=8, num_heads=2, num_layers=1, pad_token_id=0)
        ),
        projection_model=AudioLDM2ProjectionModel(text_encoder_dim=16, text_encoder_1_dim=32, langauge_model_dim=16),
        language_model=language_model,
        tokenizer=_roberta_tokenizer(),
        tokenizer_2=_t5_tokenizer(),
        feature_extractor=_clap_features(),
        unet=AudioLDM2UNet2DConditionModel(
            block_out_channels=(8, 16),
            norm_num_groups=8,
            layers_per_block=1,
            sample_size=32,
            in_channels=4,
            out_channels=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=([None, 16, 32], [None, 16, 32]),
        ),
        scheduler=_scheduler(),
        vocoder=_vocoder(),
    )
    pipe.save_pretrained(folder)
    return folder


def save_tiny_audioldm(folder: Path) -> Path:
    """Write a tiny AudioLDMPipeline to a folder."""
    from diffusers import AudioLDMPipeline, UNet2DConditionModel
    from transformers import ClapTextModelWithProjection

    torch.manual_seed(0)
    pipe = AudioLDMPipeline(
        vae=_vae(),
        text_encoder=ClapTextModelWithProjection(_clap_text_config()),
        tokenizer=_roberta_tokenizer(),
        unet=UNet2DConditionModel(
            block_out_channels=(8, 16),
            norm_num_groups=8,
            layers_per_block=1,
            sample_size=32,
            in_channels=4,
            out_channels=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=(8, 16),
            class_embed_type="simple_projection",
            projection_class_embeddings_input_dim=16,
            class_embeddings_concat=True,
        ),
        scheduler=_scheduler(),
        vocoder=_vocoder(),
    )
    pipe.save_pretrained(folder)
    return folder


def save_tiny_clap(folder: Path) -> Path:
    """Write a tiny CLAP with its processor to a folder, as transformers reads it."""
    from transformers import ClapProcessor

    torch.manual_seed(0)
    _clap().save_pretrained(folder)
    ClapProcessor(_clap_features(), _roberta_tokenizer()).save_pretrained(folder)
    return folder


def _clap_text_config() -> Any:
    from transformers import ClapTextConfig

    return ClapTextConfig(
        hidden_size=16,
        intermediate_size=37,
        num_attention_heads=2,
        num_hidden_layers=1,
        vocab_size=300,
        projection_dim=16,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
    )


def _clap() -> Any:
    from transformers import ClapAudioConfig, ClapConfig, ClapModel

    audio = ClapAudioConfig(
        spec_size=64,
        window_size=4,
        num_mel_bins=64,
        intermediate_size=37,
        depths=[1, 1],
        num_attention_heads=[2, 2],
        num_hidden_layers=2,
        hidden_size=192,
        projection_dim=16,
        patch_size=2,
        patch_stride=2,
        patch_embed_input_channels=4,
    )
    config = ClapConfig(text_config=_clap_text_config().to_dict(), audio_config=audio.to_dict(), projection_dim=16)
    return ClapModel(config)


def _clap_features() -> Any:
    from transformers import ClapFeatureExtractor

    return ClapFeatureExtractor(hop_length=7900)


def _vae() -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 16),
        norm_num_groups=8,
        in_channels=1,
        out_channels=1,
        down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
        up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
        latent_channels=4,
    )


def _scheduler() -> Any:
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False
    )


def _vocoder() -> Any:
    """A vocoder of 256 samples a frame, so that a second is 63 frames and a test takes no time."""
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    return SpeechT5HifiGan(
        SpeechT5HifiGanConfig(
            model_in_dim=8,
            sampling_rate=SPEECH_RATE,
            upsample_initial_channel=8,
            upsample_rates=[8, 8, 4],
            upsample_kernel_sizes=[16, 16, 8],
            resblock_kernel_sizes=[3],
            resblock_dilation_sizes=[[1, 3, 5]],
            normalize_before=False,
        )
    )


def _roberta_tokenizer() -> Any:
    from transformers import RobertaTokenizer

    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *(chr(code) for code in range(33, 127)), "Ġ"]
    vocab = {piece: number for number, piece in enumerate(pieces)}
    return RobertaTokenizer(vocab=vocab, merges=[], model_max_length=77)


def _t5_tokenizer() -> Any:
    from transformers import T5Tokenizer

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((f"▁{word}", -2.0) for word in WORDS), ("▁", -3.0)]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=77)
