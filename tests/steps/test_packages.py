import pytest

from vastgui.runner.packages import package_for


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("cv2", "opencv-python-headless"),
        ("PIL.Image", "pillow"),
        ("skimage", "scikit-image"),
        ("sklearn.metrics", "scikit-learn"),
        ("yaml", "pyyaml"),
        ("piexif", "piexif"),
        ("color_matcher", "color-matcher"),
        ("google.genai", "google-genai"),
    ],
)
def test_module_to_package(module: str, package: str) -> None:
    assert package_for(module) == package


@pytest.mark.parametrize(
    "module",
    ["folder_paths", "comfy.utils", "torch", "json", "_private", "", "-r", "a;b", "x" * 99, "ü"],
)
def test_what_is_never_installed(module: str) -> None:
    assert package_for(module) == ""


def test_the_users_own_names_win() -> None:
    assert package_for("cv2", {"cv2": "opencv-python==4.10.0.84"}) == "opencv-python==4.10.0.84"
    assert package_for("torch", {"torch": "torch==2.8.0"}) == "torch==2.8.0"
    assert package_for("cv2", {"cv2": "--index-url=http://evil"}) == ""
