COLORS = {
    "coral": (255, 127, 80),
    "ink": (16, 24, 32),
    "moss": (138, 154, 91),
    "sky": (135, 206, 235),
}


def as_hex(name):
    return "#%02x%02x%02x" % COLORS[name]
