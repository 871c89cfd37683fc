"""Plays OpenCV: a module whose name is not its package's."""

__version__ = "4.12.0"


def Canny(image, threshold1, threshold2):
    return image
