"""Nodes that load models and speak to them. A model is its name here."""

from dataclasses import dataclass, replace
from typing import Any

from vastgui.demo.comfy.kinds import plays
from vastgui.demo.comfy.work import here


@dataclass(frozen=True)
class Model:
    """A diffusion model, a text encoder or a VAE: its file's name, and the LoRAs put on it."""

    name: str
    loras: tuple[tuple[str, float], ...] = ()

    def __str__(self) -> str:
        return f"<comfy.model_patcher.ModelPatcher object for {self.name}>"

    @property
    def flavour(self) -> str:
        """What makes its pictures differ from another's."""
        return "|".join([self.name, *(f"{name}*{strength}" for name, strength in self.loras)])


@dataclass(frozen=True)
class Conditioning:
    """An encoded text."""

    text: str
    parts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"[[tensor(shape=(1, 77, 768)), {{'pooled_output': '{self.text[:40]}'}}]]"


@plays("CheckpointLoaderSimple")
def checkpoint(ckpt_name: str) -> tuple[Model, Model, Model]:
    here().sleep(0.6)
    return Model(ckpt_name), Model(ckpt_name), Model(ckpt_name)


def _one(name: str) -> tuple[Model]:
    here().sleep(0.3)
    return (Model(name),)


@plays("VAELoader")
def vae(vae_name: str) -> tuple[Model]:
    return _one(vae_name)


@plays("UNETLoader")
def unet(unet_name: str, weight_dtype: str) -> tuple[Model]:  # noqa: ARG001 - inputs of the real one
    return _one(unet_name)


@plays("CLIPLoader")
def clip(clip_name: str, **_: Any) -> tuple[Model]:
    return _one(clip_name)


@plays("DualCLIPLoader")
def dual_clip(clip_name1: str, clip_name2: str, **_: Any) -> tuple[Model]:
    return _one(f"{clip_name1}+{clip_name2}")


@plays("ControlNetLoader")
def control_net(control_net_name: str) -> tuple[Model]:
    return _one(control_net_name)


@plays("UpscaleModelLoader")
def upscale_model(model_name: str) -> tuple[str]:
    return (model_name,)


@plays("LoraLoader")
def lora(
    model: Model, clip: Model, lora_name: str, strength_model: float, strength_clip: float
) -> tuple[Model, Model]:
    here().sleep(0.2)
    return _with(model, lora_name, strength_model), _with(clip, lora_name, strength_clip)


@plays("LoraLoaderModelOnly")
def lora_model_only(model: Model, lora_name: str, strength_model: float) -> tuple[Model]:
    return (_with(model, lora_name, strength_model),)


def _with(model: Model, name: str, strength: float) -> Model:
    return replace(model, loras=(*model.loras, (name, strength))) if strength else model


@plays("CLIPTextEncode")
def encode(text: str, clip: Model) -> tuple[Conditioning]:  # noqa: ARG001
    here().sleep(0.05)
    return (Conditioning(text),)


@plays("CLIPSetLastLayer")
def last_layer(clip: Model, stop_at_clip_layer: int) -> tuple[Model]:  # noqa: ARG001
    return (clip,)


@plays("ConditioningZeroOut")
def zero(conditioning: Conditioning) -> tuple[Conditioning]:  # noqa: ARG001
    return (Conditioning(""),)


@plays("ConditioningCombine")
def combine(conditioning_1: Conditioning, conditioning_2: Conditioning) -> tuple[Conditioning]:
    return (Conditioning(f"{conditioning_1.text} {conditioning_2.text}"),)


@plays("ConditioningConcat")
def concat(conditioning_to: Conditioning, conditioning_from: Conditioning) -> tuple[Conditioning]:
    return combine(conditioning_to, conditioning_from)


@plays("ConditioningAverage")
def average(
    conditioning_to: Conditioning, conditioning_from: Conditioning, conditioning_to_strength: float
) -> tuple[Conditioning]:
    return (conditioning_to if conditioning_to_strength >= 0.5 else conditioning_from,)


@plays("FluxGuidance")
def guidance(conditioning: Conditioning, guidance: float) -> tuple[Conditioning]:
    return (replace(conditioning, parts=(*conditioning.parts, f"guidance {guidance}")),)


@plays("ControlNetApplyAdvanced")
def control(
    positive: Conditioning, negative: Conditioning, strength: float, **_: Any
) -> tuple[Conditioning, Conditioning]:
    return replace(positive, parts=(*positive.parts, f"control {strength}")), negative


def _same(model: Model, **_: Any) -> tuple[Model]:
    return (model,)


for _name in ("ModelSamplingSD3", "ModelSamplingAuraFlow", "ModelSamplingFlux"):
    plays(_name)(_same)
