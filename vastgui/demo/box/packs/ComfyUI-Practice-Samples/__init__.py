"""A pack that comes with some megabytes of data, so that its clone takes a moment."""

import os

SAMPLES = os.path.join(os.path.dirname(__file__), "samples")


class PracticeSample:
    CATEGORY = "practice/sample"
    FUNCTION = "load"
    RETURN_TYPES = ("INT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"sample": (sorted(os.listdir(SAMPLES)),)}}

    def load(self, sample):
        return (os.path.getsize(os.path.join(SAMPLES, sample)),)


NODE_CLASS_MAPPINGS = {"PracticeSample": PracticeSample}
NODE_DISPLAY_NAME_MAPPINGS = {"PracticeSample": "Sample"}
