"""Latents and samplers: where the picture comes from."""

from typing import Any

from PIL import Image, ImageOps

from vastgui.demo.comfy import painter
from vastgui.demo.comfy.kinds import plays
from vastgui.demo.comfy.nodes.images import METHODS
from vastgui.demo.comfy.nodes.loaders import Conditioning, Model
from vastgui.demo.comfy.pictures import Batch, Latent, each
from vastgui.demo.comfy.work import here

_STEP_S = 0.11
_PREVIEW_PIXELS = 512


@plays("EmptyLatentImage")
def empty(width: int, height: int, batch_size: int) -> tuple[Latent]:
    return (Latent((width // 8 * 8, height // 8 * 8), batch_size),)


@plays("EmptySD3LatentImage")
def empty_sd3(width: int, height: int, batch_size: int) -> tuple[Latent]:
    return empty(width, height, batch_size)


@plays("LatentUpscale")
def upscale(
    samples: Latent, upscale_method: str, width: int, height: int, crop: str
) -> tuple[Latent]:
    size = (width or samples.size[0], height or samples.size[1])
    if samples.frames is None:
        return (Latent(size, samples.count),)
    method = METHODS[upscale_method]
    fit = (lambda one: ImageOps.fit(one, size, method)) if crop == "center" else None
    return (samples.with_frames(fit(o) if fit else o.resize(size, method) for o in samples.frames),)


@plays("LatentUpscaleBy")
def upscale_by(samples: Latent, upscale_method: str, scale_by: float) -> tuple[Latent]:
    width, height = (round(side * scale_by) // 8 * 8 for side in samples.size)
    return upscale(samples, upscale_method, width, height, "disabled")


@plays("RepeatLatentBatch")
def repeat(samples: Latent, amount: int) -> tuple[Latent]:
    frames = Batch(list(samples.frames) * amount) if samples.frames else None
    return (Latent(samples.size, samples.count * amount, frames),)


@plays("SetLatentNoiseMask")
def set_mask(samples: Latent, mask: Batch) -> tuple[Latent]:
    masked = Latent(samples.size, samples.count, samples.frames)
    masked.mask = mask
    return (masked,)


@plays("LoadLatent", validate=lambda folders, latent: folders.annotated(latent).exists())
def load(latent: str) -> tuple[Latent]:
    here().folders.annotated(latent).stat()
    return (Latent((512, 512), 1),)


@plays("VAEEncode")
def encode(pixels: Batch, vae: Model, **_: Any) -> tuple[Latent]:  # noqa: ARG001
    here().sleep(0.2)
    return (Latent((0, 0), 0).with_frames(each(pixels)),)


@plays("VAEEncodeTiled")
def encode_tiled(pixels: Batch, vae: Model, **_: Any) -> tuple[Latent]:
    return encode(pixels, vae)


@plays("VAEEncodeForInpaint")
def encode_inpaint(pixels: Batch, vae: Model, mask: Batch, grow_mask_by: int) -> tuple[Latent]:  # noqa: ARG001
    (latent,) = encode(pixels, vae)
    return set_mask(latent, mask)


@plays("VAEDecode")
def decode(samples: Latent, vae: Model, **_: Any) -> tuple[Batch]:  # noqa: ARG001
    here().sleep(0.3)
    if samples.frames is not None:
        return (Batch(samples.frames),)
    return (Batch(Image.new("RGB", samples.size, (124, 116, 110)) for _ in range(samples.count)),)


@plays("VAEDecodeTiled")
def decode_tiled(samples: Latent, vae: Model, **_: Any) -> tuple[Batch]:
    return decode(samples, vae)


@plays("KSampler")
def sample(  # noqa: PLR0913, PLR0917 - the inputs of the real one
    model: Model,
    seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    denoise: float,
) -> tuple[Latent]:
    manner = f"{model.flavour}|{cfg}|{sampler_name}|{scheduler}|{negative.text}|{positive.parts}"
    goals = _goals(positive.text, seed, manner, latent_image, denoise)
    grains = [painter.noise(goal.size, seed + index) for index, goal in enumerate(goals)]
    work = here()
    bar = work.bar(steps)
    for step in range(1, steps + 1):
        work.sleep(_STEP_S)
        bar.to(step, _preview(grains[0], goals[0], step / steps) if goals else None)
    return (latent_image.with_frames(goals),)


@plays("KSamplerAdvanced")
def sample_advanced(  # noqa: PLR0913, PLR0917 - the inputs of the real one
    model: Model,
    add_noise: str,
    noise_seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    start_at_step: int,
    end_at_step: int,
    return_with_leftover_noise: str,
) -> tuple[Latent]:
    last = min(end_at_step, steps)
    done = max(1, last - start_at_step)
    denoise = 1.0 if start_at_step == 0 and add_noise == "enable" else done / steps
    manner = f"{sampler_name}|{return_with_leftover_noise}"
    return sample(
        model, noise_seed, done, cfg, manner, scheduler, positive, negative, latent_image, denoise
    )


def _goals(words: str, seed: int, manner: str, latent: Latent, denoise: float) -> Batch:
    """The pictures that the steps lead to."""
    goals = Batch()
    count = len(latent.frames) if latent.frames else latent.count
    for index in range(count):
        goal = painter.paint(words, seed, latent.size, also=f"{manner}|{index}")
        if latent.frames:
            before = latent.frames[index]
            mixed = Image.blend(before, goal, min(1.0, denoise))
            mask = latent.mask[0].resize(goal.size) if latent.mask else None
            goal = Image.composite(mixed, before, mask) if mask else mixed
        goals.append(goal)
    return goals


def _preview(grain: Image.Image, goal: Image.Image, fraction: float) -> Any:
    if not here().previews:
        return None
    scale = _PREVIEW_PIXELS / max(goal.size)
    if scale < 1:
        size = (max(1, round(goal.size[0] * scale)), max(1, round(goal.size[1] * scale)))
        grain, goal = grain.resize(size), goal.resize(size)
    return "JPEG", painter.halfway(grain, goal, fraction), _PREVIEW_PIXELS
