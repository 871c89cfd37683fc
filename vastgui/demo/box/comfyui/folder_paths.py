"""Where models, inputs and outputs are."""

import os

base_path = os.path.dirname(os.path.realpath(__file__))
models_dir = os.path.join(base_path, "models")
output_directory = os.path.join(base_path, "output")
input_directory = os.path.join(base_path, "input")
temp_directory = os.path.join(base_path, "temp")
user_directory = os.path.join(base_path, "user")

supported_pt_extensions = {".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft"}
folder_names_and_paths = {
    name: ([os.path.join(models_dir, name)], supported_pt_extensions)
    for name in (
        "checkpoints",
        "clip",
        "clip_vision",
        "controlnet",
        "diffusion_models",
        "embeddings",
        "loras",
        "text_encoders",
        "upscale_models",
        "vae",
    )
}
folder_names_and_paths["custom_nodes"] = ([os.path.join(base_path, "custom_nodes")], set())


def get_folder_paths(folder_name):
    return folder_names_and_paths[folder_name][0][:]


def get_output_directory():
    return output_directory


def get_input_directory():
    return input_directory


def get_filename_list(folder_name):
    folders, extensions = folder_names_and_paths[folder_name]
    found = set()
    for folder in folders:
        for where, _, files in os.walk(folder, followlinks=True):
            for file in files:
                if os.path.splitext(file)[-1].lower() in extensions:
                    found.add(os.path.relpath(os.path.join(where, file), folder))
    return sorted(found)
