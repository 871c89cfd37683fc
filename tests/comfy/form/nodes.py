"""A small world of nodes, and prompts made of them, for the tests of forms."""

from typing import Any

Prompt = dict[str, Any]


def node(class_type: str, title: str = "", **inputs: Any) -> Prompt:
    made: Prompt = {"class_type": class_type, "inputs": inputs}
    return made | ({"_meta": {"title": title}} if title else {})


def declares(*outputs: str, **inputs: Any) -> Prompt:
    """A node type; an input is `[type, options]`."""
    return {"input": {"required": inputs}, "output": list(outputs), "output_name": list(outputs)}


TEXT = ["STRING", {"multiline": True}]
SEED = ["INT", {"default": 0, "min": 0, "max": 2**64 - 1, "control_after_generate": True}]
COND = ["CONDITIONING"]
"""Of a pack that nobody knows: its sampler has odd names but the usual links."""
PACK: Prompt = {
    "OddSampler": declares("LATENT", positive=COND, negative=COND, seed=SEED, steps=["INT", {}]),
    "OddEncode": declares("CONDITIONING", words=TEXT, weight=["FLOAT", {"min": 0, "max": 2}]),
    "OddBoth": {
        "input": {"required": {"positive": COND, "negative": COND, "strength": ["FLOAT", {}]}},
        "output": ["CONDITIONING", "CONDITIONING"],
        "output_name": ["positive", "negative"],
    },
    "OddJoin": declares("STRING", a=TEXT, b=["STRING", {"forceInput": True}]),
    "OddText": declares("STRING", value=["STRING", {}]),
    "OddNumber": declares("INT", value=["INT", {"min": 0, "max": 99}]),
    "OddChoice": {
        "input": {
            "required": {
                "mode": [
                    "COMFY_DYNAMICCOMBO_V3",
                    {
                        "options": [
                            {"key": "scale", "inputs": {"required": {"by": ["FLOAT", {"max": 8}]}}},
                            {"key": "size", "inputs": {"required": {"width": ["INT", {}]}}},
                        ]
                    },
                ],
                "count": [[1, 2, 4]],
                "on": ["BOOLEAN", {}],
                "many": ["COMBO", {"options": ["a", "b"], "multiselect": True}],
            }
        },
        "output": [],
    },
}
