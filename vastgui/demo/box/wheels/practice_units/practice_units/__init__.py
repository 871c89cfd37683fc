def to_multiple(value, step):
    """The multiple of `step` nearest to `value`, at least one step."""
    return max(step, round(value / step) * step)
