from practice_units import to_multiple


def fit(width, height, longest):
    """The size with the same proportions whose longer side is `longest`, in steps of 8."""
    scale = longest / max(width, height)
    return to_multiple(width * scale, 8), to_multiple(height * scale, 8)
