"""A node that names a colour. Its requirements.txt brings practice-colors."""

import practice_colors


class PracticePalette:
    CATEGORY = "practice/color"
    FUNCTION = "pick"
    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"color": (sorted(practice_colors.COLORS),)}}

    def pick(self, color):
        return (practice_colors.as_hex(color),)


NODE_CLASS_MAPPINGS = {"PracticePalette": PracticePalette}
NODE_DISPLAY_NAME_MAPPINGS = {"PracticePalette": "Palette"}
