"""A node that fits a picture into a frame. Its one requirement brings another."""

from practice_geometry import fit


class PracticeFitSize:
    CATEGORY = "practice/size"
    FUNCTION = "fit"
    RETURN_TYPES = ("INT", "INT")
    RETURN_NAMES = ("width", "height")

    @classmethod
    def INPUT_TYPES(cls):
        size = ("INT", {"default": 1024, "min": 8, "max": 16384, "step": 8})
        return {"required": {"width": size, "height": size, "longest": size}}

    def fit(self, width, height, longest):
        return fit(width, height, longest)


NODE_CLASS_MAPPINGS = {"PracticeFitSize": PracticeFitSize}
NODE_DISPLAY_NAME_MAPPINGS = {"PracticeFitSize": "Fit Size"}
