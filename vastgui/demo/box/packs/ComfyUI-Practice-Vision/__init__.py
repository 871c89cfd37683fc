"""A node that finds edges. It forgot to say that it needs OpenCV: its import fails at first."""

import cv2


class PracticeEdges:
    CATEGORY = "practice/image"
    FUNCTION = "edges"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls):
        threshold = ("INT", {"default": 100, "min": 0, "max": 255})
        return {"required": {"image": ("IMAGE",), "low": threshold, "high": threshold}}

    def edges(self, image, low, high):
        return (cv2.Canny(image, low, high),)


NODE_CLASS_MAPPINGS = {"PracticeEdges": PracticeEdges}
NODE_DISPLAY_NAME_MAPPINGS = {"PracticeEdges": "Edges"}
