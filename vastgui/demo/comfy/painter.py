"""Paints the picture that a sampler would have made: a landscape that the prompt's words colour.

The same words and seed give the same picture; another seed gives another place and light.
"""

import hashlib
import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Color = tuple[int, int, int]
_LONGEST = 896
"""Pixels; larger pictures are painted so large and scaled up."""

_PALETTES: dict[str, tuple[Color, Color, Color, Color, Color]] = {
    # words: sky above, sky between, sky below, light, ground
    "sunset dusk evening orange autumn fire": (
        (43, 36, 86), (176, 76, 110), (255, 170, 94), (255, 226, 160), (34, 22, 44)),
    "dawn morning sunrise pink spring": (
        (96, 130, 182), (226, 168, 178), (255, 226, 190), (255, 246, 220), (54, 52, 84)),
    "night stars moon dark midnight": (
        (8, 11, 30), (22, 32, 70), (62, 74, 128), (236, 238, 224), (6, 8, 20)),
    "day noon summer blue sky": (
        (44, 110, 190), (120, 182, 228), (222, 240, 246), (255, 252, 232), (38, 74, 60)),
    "winter snow ice cold arctic": (
        (92, 118, 160), (170, 192, 216), (236, 240, 246), (255, 255, 255), (72, 92, 128)),
    "desert sand gold dune mars": (
        (84, 110, 158), (222, 176, 128), (250, 216, 162), (255, 244, 204), (112, 58, 38)),
    "forest green jungle meadow moss": (
        (82, 140, 150), (158, 204, 180), (238, 240, 204), (255, 250, 214), (20, 52, 38)),
    "storm rain grey fog mist": (
        (58, 66, 78), (110, 120, 132), (186, 190, 192), (222, 224, 220), (30, 36, 44)),
    "aurora neon cyberpunk violet magic": (
        (16, 10, 42), (72, 30, 120), (40, 190, 180), (190, 255, 226), (10, 8, 26)),
}  # fmt: skip
_NIGHT = {"night", "stars", "moon", "midnight", "aurora", "dark"}
_WATER = {"sea", "ocean", "lake", "water", "river", "beach", "island", "harbour", "harbor", "boat"}
_TREES = {"forest", "tree", "trees", "pine", "wood", "woods", "jungle", "fir"}
_PEAKS = {"mountain", "mountains", "peak", "alps", "cliff", "volcano", "fjord"}


def paint(words: str, seed: int, size: tuple[int, int], *, also: str = "") -> Image.Image:
    """A picture of `size`. `also` (models, strengths) changes details, not the palette."""
    scale = min(1.0, _LONGEST / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    spoken = {word.strip(".,;:()[]!").lower() for word in words.split()}
    scene = _Scene(spoken, _dice(words, seed, also), width, height, _palette(words, spoken))
    picture = scene.painted()
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def noise(size: tuple[int, int], seed: int) -> Image.Image:
    """Coloured grain, the beginning of every picture."""
    dice = random.Random(seed)  # noqa: S311 - a pattern, not a secret
    small = (max(1, size[0] // 6), max(1, size[1] // 6))
    data = dice.randbytes(small[0] * small[1] * 3)
    return Image.frombytes("RGB", small, data).resize(size, Image.Resampling.BICUBIC)


def halfway(grain: Image.Image, done: Image.Image, fraction: float) -> Image.Image:
    """How a picture looks when `fraction` of the noise is gone."""
    radius = (1 - fraction) ** 2 * max(done.size) / 24
    soft = done.filter(ImageFilter.GaussianBlur(radius)) if radius > 0.4 else done
    return Image.blend(grain, soft, min(1.0, fraction**0.7))


def _dice(words: str, seed: int, also: str) -> random.Random:
    digest = hashlib.sha256(f"{words}\0{seed}\0{also}".encode()).digest()
    return random.Random(digest)  # noqa: S311 - a pattern, not a secret


def _palette(words: str, spoken: set[str]) -> tuple[Color, Color, Color, Color, Color]:
    named = max(_PALETTES, key=lambda names: len(spoken & set(names.split())))
    if spoken & set(named.split()):
        return _PALETTES[named]
    choice = hashlib.sha256(words.encode()).digest()[0] % len(_PALETTES)
    return list(_PALETTES.values())[choice]


class _Scene:
    """One landscape, painted from the back to the front."""

    def __init__(
        self,
        spoken: set[str],
        dice: random.Random,
        width: int,
        height: int,
        palette: tuple[Color, Color, Color, Color, Color],
    ) -> None:
        self._spoken, self._dice, self._width, self._height = spoken, dice, width, height
        self._above, self._between, self._below, self._light, self._ground = palette
        self._horizon = dice.uniform(0.52, 0.66)
        self._sun = (dice.uniform(0.2, 0.8), self._horizon - dice.uniform(0.08, 0.3))

    def painted(self) -> Image.Image:
        picture = self._sky()
        if self._spoken & _NIGHT:
            self._stars(picture)
        self._shine(picture)
        self._clouds(picture)
        water = bool(self._spoken & _WATER) or self._dice.random() < 0.35
        layers = 3 if water else 5
        for index in range(layers):
            self._ridge(picture, index, layers, low=water)
        if water:
            self._water(picture)
        return self._finished(picture)

    def _sky(self) -> Image.Image:
        stops = [self._above, self._between, self._below]
        column = Image.new("RGB", (1, 64))
        for y in range(64):
            place = min(1.0, y / 63 / max(self._horizon, 0.1)) * 2
            index = min(1, int(place))
            column.putpixel((0, y), _mix(stops[index], stops[index + 1], place - index))
        return column.resize((self._width, self._height), Image.Resampling.BICUBIC)

    def _stars(self, picture: Image.Image) -> None:
        draw = ImageDraw.Draw(picture, "RGBA")
        for _ in range(self._width * self._height // 900):
            x, y = self._dice.uniform(0, self._width), self._dice.uniform(0, self._height * 0.6)
            glow = self._dice.randint(40, 230)
            radius = self._dice.random() ** 4 * self._width / 300
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), (255, 255, 245, glow))

    def _shine(self, picture: Image.Image) -> None:
        """The sun or the moon, and the light around it."""
        for share, strength in ((0.9, 0.55), (0.28, 0.6), (0.075, 1.0)):
            size = max(2, int(min(self._width, self._height) * share))
            mask = ImageChops.invert(Image.radial_gradient("L")).resize((size, size))
            hard = share < 0.1
            mask = mask.point(lambda v, h=hard, s=strength: _glow(v, s, hard=h))
            corner = (
                int(self._sun[0] * self._width - size / 2),
                int(self._sun[1] * self._height - size / 2),
            )
            picture.paste(Image.new("RGB", (size, size), self._light), corner, mask)

    def _clouds(self, picture: Image.Image) -> None:
        cover = self._dice.uniform(0.35, 0.6)
        field = Image.new("L", picture.size, 0)
        for octave in range(4):
            small = (3 * 2**octave + 1, 5 * 2**octave + 1)
            grain = Image.frombytes("L", small, self._dice.randbytes(small[0] * small[1]))
            field = Image.blend(
                field, grain.resize(picture.size, Image.Resampling.BICUBIC), 1 / (octave + 1.6)
            )
        mask = field.point(lambda v: max(0, min(190, int((v / 255 - cover) * 900))))
        fade = Image.linear_gradient("L").resize(picture.size)
        top = ImageChops.invert(fade)
        mask = ImageChops.multiply(mask, top)
        picture.paste(
            Image.new("RGB", picture.size, _mix(self._light, self._below, 0.35)), (0, 0), mask
        )

    def _ridge(self, picture: Image.Image, index: int, layers: int, *, low: bool) -> None:
        """One range of hills: the nearer, the darker and lower."""
        depth = (index + 1) / layers
        base = self._horizon + (0.0 if low else 0.3) * depth**1.4 - 0.05 * (1 - depth)
        peaks = bool(self._spoken & _PEAKS)
        reach = (0.2 if peaks else 0.1) * (1.15 - depth * (0.9 if low else 0.6))
        line = self._line(base, reach, rough=0.6 if peaks else 0.35)
        haze = _mix(self._below, self._between, 0.3)
        color = _mix(haze, self._ground, depth**1.1 * (0.75 if low else 1.0))
        points = [(x, y * self._height) for x, y in line]
        draw = ImageDraw.Draw(picture)
        draw.polygon([(0, self._height), *points, (self._width, self._height)], fill=color)
        if index == layers - 1 and self._spoken & _TREES:
            self._trees(draw, points, _mix(color, (0, 0, 0), 0.25))

    def _line(self, base: float, reach: float, *, rough: float) -> list[tuple[float, float]]:
        waves = [
            (
                self._dice.uniform(0.6, 1.4) * 2**octave,
                self._dice.uniform(0, math.tau),
                rough**octave,
            )
            for octave in range(7)
        ]
        count = min(self._width, 240)
        line = []
        for step in range(count + 1):
            at = step / count
            height = sum(
                weight * math.sin(math.tau * at * pace + turn) for pace, turn, weight in waves
            )
            line.append((at * self._width, base - reach * (0.5 + height / 3)))
        return line

    def _trees(
        self, draw: ImageDraw.ImageDraw, line: list[tuple[float, float]], color: Color
    ) -> None:
        for x, y in self._dice.sample(line, len(line) * 2 // 3):
            tall = self._height * self._dice.uniform(0.03, 0.11)
            wide = tall * 0.2
            for part in range(3):
                top, foot = y - tall * (1 - part * 0.25), y - tall * (0.45 - part * 0.25)
                reach = wide * (0.6 + part * 0.35)
                draw.polygon([(x, top), (x - reach, foot), (x + reach, foot)], fill=color)
            draw.rectangle(
                (x - wide * 0.15, y - tall * 0.1, x + wide * 0.15, y + tall * 0.1), fill=color
            )

    def _water(self, picture: Image.Image) -> None:
        """Mirror what is above the shore, broken by ripples."""
        shore = int(self._height * (self._horizon + 0.02))
        depth = self._height - shore
        if depth < 2:
            return
        above = picture.crop((0, max(0, shore - depth), self._width, shore))
        mirror = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((self._width, depth))
        mirror = Image.blend(mirror, Image.new("RGB", mirror.size, self._above), 0.25)
        turn = self._dice.uniform(0, math.tau)
        for y in range(0, depth, 2):
            shift = math.sin(y * 0.9 + turn) * self._width * 0.006 * (0.3 + y / depth)
            row = mirror.crop((0, y, self._width, min(depth, y + 2)))
            picture.paste(ImageChops.offset(row, int(shift), 0), (0, shore + y))
        draw = ImageDraw.Draw(picture, "RGBA")
        for _ in range(60):
            y = shore + self._dice.random() ** 1.5 * depth
            x = self._sun[0] * self._width + self._dice.gauss(0, 0.06) * self._width
            length = self._width * self._dice.uniform(0.01, 0.06)
            draw.line(
                (x - length, y, x + length, y), (*self._light, 90), max(1, self._height // 400)
            )

    def _finished(self, picture: Image.Image) -> Image.Image:
        """A little grain and darker corners, as of a camera."""
        dark = Image.radial_gradient("L").resize(picture.size).point(lambda v: max(0, v - 150))
        picture.paste(Image.new("RGB", picture.size, (0, 0, 0)), (0, 0), dark)
        size = (max(1, self._width // 2), max(1, self._height // 2))
        grain = Image.frombytes("L", size, self._dice.randbytes(size[0] * size[1]))
        grain = grain.resize(picture.size).convert("RGB")
        return Image.blend(picture, grain, 0.018)


def _glow(value: int, strength: float, *, hard: bool) -> int:
    if hard:
        return 255 if value > 140 else max(0, (value - 120) * 12)
    return int((max(0, value - 75) / 180) ** 2 * 255 * strength)


def _mix(one: Color, other: Color, share: float) -> Color:
    share = max(0.0, min(1.0, share))
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
