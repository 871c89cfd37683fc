"""The settings file of civitdl, where and as the real one keeps it: ~/.config/civitdl/config.json."""

import json
import os

DEFAULT_CONFIG = {
    "version": "1",
    "default": {
        "sorter": "basic",
        "max_images": 3,
        "nsfw_mode": "2",
        "api_key": "",
        "with_prompt": True,
        "without_model": False,
        "limit_rate": "0",
        "retry_count": 3,
        "pause_time": 3.0,
        "cache_mode": "1",
        "strict_mode": "1",
        "model_overwrite": False,
        "with_color": True,
    },
    "sorters": [["basic", "", "basic"], ["tags", "", "tags"]],
    "aliases": [["@example", "~/.models"]],
}


def config_path():
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.path.join(base, "civitdl", "config.json")


def load():
    path = config_path()
    if not os.path.exists(path):
        save(DEFAULT_CONFIG)
    with open(path, encoding="UTF-8") as file:
        return json.load(file)


def save(config):
    path = config_path()
    for folder in ("", ".trash", "sorters", "sorters/.trash"):
        os.makedirs(os.path.join(os.path.dirname(path), folder), exist_ok=True)
    with open(path, "w", encoding="UTF-8") as file:
        json.dump(config, file, indent=2)


def defaults():
    return load()["default"]
