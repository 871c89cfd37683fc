class SaveImageWebsocket:
    @classmethod
    def INPUT_TYPES(s):
        return {"required": {"images": ("IMAGE",)}}

    RETURN_TYPES = ()
    FUNCTION = "save_images"
    OUTPUT_NODE = True
    CATEGORY = "api/image"

    def save_images(self, images):
        return {}


NODE_CLASS_MAPPINGS = {"SaveImageWebsocket": SaveImageWebsocket}
