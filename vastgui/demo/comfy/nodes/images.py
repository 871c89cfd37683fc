"""Nodes that make and change pictures."""

import hashlib
from typing import Any

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageSequence

from vastgui.demo.comfy.folders import Folders
from vastgui.demo.comfy.kinds import plays
from vastgui.demo.comfy.pictures import Batch, each
from vastgui.demo.comfy.work import here

METHODS = {
    "nearest-exact": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "area": Image.Resampling.BOX,
    "bicubic": Image.Resampling.BICUBIC,
    "bislerp": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@plays("EmptyImage")
def empty(width: int, height: int, batch_size: int, color: int) -> tuple[Batch]:
    shade = (color >> 16 & 255, color >> 8 & 255, color & 255)
    return (Batch([Image.new("RGB", (width, height), shade)] * batch_size),)


def is_there(folders: Folders, image: str) -> Any:
    return True if folders.annotated(image).exists() else f"Invalid image file: {image}"


def digest(folders: Folders, image: str) -> str:
    return hashlib.sha256(folders.annotated(image).read_bytes()).hexdigest()


@plays("LoadImage", validate=is_there, is_changed=digest)
def load(image: str) -> tuple[Batch, Batch]:
    frames, masks = Batch(), Batch()
    with Image.open(here().folders.annotated(image)) as opened:
        for frame in ImageSequence.Iterator(opened):
            turned = ImageOps.exif_transpose(frame)
            frames.append(turned.convert("RGB"))
            alpha = "A" in turned.getbands()
            mask = ImageOps.invert(turned.getchannel("A")) if alpha else Image.new("L", (64, 64))
            masks.append(mask)
    return frames, masks


@plays("LoadImageMask", validate=is_there, is_changed=digest)
def load_mask(image: str, channel: str) -> tuple[Batch]:
    with Image.open(here().folders.annotated(image)) as opened:
        name = {"alpha": "A", "red": "R", "green": "G", "blue": "B"}[channel]
        plane = opened.convert("RGBA").getchannel(name)
    return (Batch([ImageOps.invert(plane) if name == "A" else plane]),)


@plays("ImageInvert")
def invert(image: Batch) -> tuple[Batch]:
    return (Batch(ImageOps.invert(one) for one in each(image)),)


@plays("ImageScale")
def scale(image: Batch, upscale_method: str, width: int, height: int, crop: str) -> tuple[Batch]:
    size = _missing_side(image.size, width, height)
    if crop == "center":
        return (Batch(ImageOps.fit(one, size, METHODS[upscale_method]) for one in each(image)),)
    return (Batch(one.resize(size, METHODS[upscale_method]) for one in each(image)),)


def _missing_side(size: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """A side given as 0 keeps the proportions."""
    if width == height == 0:
        return size
    width = width or max(1, round(size[0] * height / size[1]))
    return width, height or max(1, round(size[1] * width / size[0]))


@plays("ImageScaleBy")
def scale_by(image: Batch, upscale_method: str, scale_by: float) -> tuple[Batch]:
    size = (max(1, round(image.size[0] * scale_by)), max(1, round(image.size[1] * scale_by)))
    return (Batch(one.resize(size, METHODS[upscale_method]) for one in each(image)),)


@plays("ImageScaleToTotalPixels")
def scale_to(image: Batch, upscale_method: str, megapixels: float, **_: Any) -> tuple[Batch]:
    width, height = image.size
    return scale_by(image, upscale_method, (megapixels * 1024 * 1024 / (width * height)) ** 0.5)


_BLENDS = {
    "normal": lambda _, other: other,
    "multiply": ImageChops.multiply,
    "screen": ImageChops.screen,
    "overlay": ImageChops.overlay,
    "soft_light": ImageChops.soft_light,
    "difference": ImageChops.subtract,
}


@plays("ImageBlend")
def blend(image1: Batch, image2: Batch, blend_factor: float, blend_mode: str) -> tuple[Batch]:
    """Pictures of another size are made to fit the first."""
    mixed = Batch()
    for one, other in zip(each(image1), each(image2), strict=False):
        same = other if other.size == one.size else ImageOps.fit(other, one.size)
        mixed.append(Image.blend(one, _BLENDS[blend_mode](one, same), blend_factor))
    return (mixed,)


@plays("ImageBlur")
def blur(image: Batch, blur_radius: int, sigma: float) -> tuple[Batch]:
    soft = ImageFilter.GaussianBlur(blur_radius * min(1.0, sigma))
    return (Batch(one.filter(soft) for one in each(image)),)


@plays("ImageSharpen")
def sharpen(image: Batch, sharpen_radius: int, sigma: float, alpha: float) -> tuple[Batch]:
    sharp = ImageFilter.UnsharpMask(sharpen_radius * sigma, int(alpha * 100), 0)
    return (Batch(one.filter(sharp) for one in each(image)),)


@plays("ImageCrop")
def crop(image: Batch, width: int, height: int, x: int, y: int) -> tuple[Batch]:
    left, top = min(x, image.size[0] - 1), min(y, image.size[1] - 1)
    right, bottom = min(left + width, image.size[0]), min(top + height, image.size[1])
    return (Batch(one.crop((left, top, right, bottom)) for one in image),)


@plays("ImageBatch")
def batch(image1: Batch, image2: Batch) -> tuple[Batch]:
    return (Batch([*image1, *(ImageOps.fit(one, image1.size) for one in image2)]),)


@plays("ImageFlip")
def flip(image: Batch, flip_method: str) -> tuple[Batch]:
    way = Image.Transpose.FLIP_LEFT_RIGHT
    if flip_method.startswith("x"):
        way = Image.Transpose.FLIP_TOP_BOTTOM
    return (Batch(one.transpose(way) for one in image),)


@plays("ImageRotate")
def rotate(image: Batch, rotation: str) -> tuple[Batch]:
    degrees = {"none": 0, "90": 270, "180": 180, "270": 90}[rotation.split(maxsplit=1)[0]]
    return (Batch(one.rotate(degrees, expand=True) for one in image),)


@plays("ImagePadForOutpaint")
def pad(
    image: Batch, left: int, top: int, right: int, bottom: int, feathering: int
) -> tuple[Batch, Batch]:
    size = (image.size[0] + left + right, image.size[1] + top + bottom)
    wide = Batch(Image.new("RGB", size, (128, 128, 128)) for _ in image)
    for under, one in zip(wide, image, strict=True):
        under.paste(one, (left, top))
    mask = Image.new("L", size, 255)
    mask.paste(0, (left, top, left + image.size[0], top + image.size[1]))
    return wide, Batch([mask.filter(ImageFilter.GaussianBlur(feathering / 3))])


@plays("ImageCompositeMasked")
def composite(
    destination: Batch,
    source: Batch,
    x: int,
    y: int,
    resize_source: bool,
    mask: Batch | None = None,
) -> tuple[Batch]:
    done = Batch()
    for under, over in zip(each(destination), each(source), strict=False):
        above = over.resize(under.size) if resize_source else over
        stencil = mask[0].resize(above.size) if mask else Image.new("L", above.size, 255)
        under = under.copy()  # noqa: PLW2901 - the original stays as it is
        under.paste(above, (x, y), stencil)
        done.append(under)
    return (done,)


@plays("GetImageSize")
def size_of(image: Batch, **_: Any) -> tuple[int, int, int]:
    return (*image.size, len(image))


@plays("SolidMask")
def solid(value: float, width: int, height: int) -> tuple[Batch]:
    return (Batch([Image.new("L", (width, height), round(value * 255))]),)


@plays("InvertMask")
def invert_mask(mask: Batch) -> tuple[Batch]:
    return (Batch(ImageOps.invert(one) for one in mask),)


@plays("MaskToImage")
def mask_to_image(mask: Batch) -> tuple[Batch]:
    return (Batch(each(mask)),)


@plays("ImageToMask")
def image_to_mask(image: Batch, channel: str) -> tuple[Batch]:
    name = {"red": "R", "green": "G", "blue": "B", "alpha": "A"}[channel]
    return (Batch(one.getchannel(name) for one in each(image, mode="RGBA")),)


@plays("ImageUpscaleWithModel")
def upscale(upscale_model: str, image: Batch) -> tuple[Batch]:
    factor = int(upscale_model[0]) if upscale_model[:1].isdigit() else 4
    bar = here().bar(len(image))
    done = Batch()
    for one in each(image):
        here().sleep(0.5)
        size = (one.size[0] * factor, one.size[1] * factor)
        done.append(one.resize(size, Image.Resampling.LANCZOS))
        bar.step()
    return (done,)
