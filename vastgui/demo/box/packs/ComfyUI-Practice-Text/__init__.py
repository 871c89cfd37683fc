"""Two nodes for texts. Needs nothing."""


class PracticeJoinText:
    CATEGORY = "practice/text"
    FUNCTION = "join"
    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        text = ("STRING", {"default": "", "multiline": True})
        return {
            "required": {"first": text, "second": text},
            "optional": {"between": ("STRING", {"default": ", "})},
        }

    def join(self, first, second, between=", "):
        return (between.join(part for part in (first, second) if part),)


class PracticeTextLength:
    CATEGORY = "practice/text"
    FUNCTION = "length"
    RETURN_TYPES = ("INT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"multiline": True})}}

    def length(self, text):
        return (len(text),)


NODE_CLASS_MAPPINGS = {
    "PracticeJoinText": PracticeJoinText,
    "PracticeTextLength": PracticeTextLength,
}
NODE_DISPLAY_NAME_MAPPINGS = {"PracticeJoinText": "Join Text", "PracticeTextLength": "Text Length"}
