from vastgui.runner.comfy_log import PackImport, read_imports, visible_lines

START = """\x1b[1;32mChecking\x1b[0m
loading:  20%\rloading:  60%\rloading: 100%
Total VRAM 24564 MB, total RAM 131072 MB
pytorch version: 2.8.0
"""
TRACE = """Traceback (most recent call last):
  File "/workspace/ComfyUI/nodes.py", line 2129, in load_custom_node
    module_spec.loader.exec_module(module)
  File "/workspace/ComfyUI/custom_nodes/essentials/image.py", line 3, in <module>
    import colour.models
ModuleNotFoundError: No module named 'colour'

Cannot import /workspace/ComfyUI/custom_nodes/essentials module for custom nodes: No module named 'colour'
"""
LIST = """
Import times for custom nodes:
   0.0 seconds: /workspace/ComfyUI/custom_nodes/websocket_image_save.py
   0.1 seconds (IMPORT FAILED): /workspace/ComfyUI/custom_nodes/essentials
   1.4 seconds: /workspace/ComfyUI/custom_nodes/ComfyUI-Manager

Starting server
"""
ROOT = "/workspace/ComfyUI/custom_nodes"


def test_a_failed_import_is_named_with_its_missing_module() -> None:
    report = read_imports(START + TRACE + LIST)
    assert report.listed
    assert [p.name for p in report.packs] == [
        "websocket_image_save.py", "essentials", "ComfyUI-Manager",
    ]  # fmt: skip
    assert report.failed == (
        PackImport(f"{ROOT}/essentials", False, 0.1, "No module named 'colour'", "colour"),
    )


def test_only_the_last_start_counts() -> None:
    good = START + LIST.replace(" (IMPORT FAILED)", "")
    assert read_imports(START + TRACE + LIST + good).failed == ()
    assert len(read_imports(good + START + TRACE + LIST).failed) == 1


def test_a_start_that_is_not_through_yet() -> None:
    report = read_imports(START + LIST + START + TRACE)
    assert not report.listed
    assert [p.missing for p in report.failed] == ["colour"]


def test_a_chained_traceback_counts_by_its_last_error() -> None:
    first = "Traceback (most recent call last):\nModuleNotFoundError: No module named 'triton'\n\n"
    middle = "During handling of the above exception, another exception occurred:\n\n"
    log = first + middle + TRACE
    assert read_imports(START + log + LIST).failed[0].missing == "colour"


def test_other_reasons_name_no_module() -> None:
    log = TRACE.replace(
        "ModuleNotFoundError: No module named 'colour'",
        "ImportError: libGL.so.1: cannot open shared object file",
    ).replace("No module named 'colour'", "libGL.so.1: cannot open shared object file")
    (failed,) = read_imports(START + log + LIST).failed
    assert failed.missing == ""
    assert failed.reason == "libGL.so.1: cannot open shared object file"


def test_a_module_missing_somewhere_else_is_not_blamed_on_a_pack() -> None:
    stray = "Traceback (most recent call last):\nModuleNotFoundError: No module named 'evil'\n"
    log = stray + "Cannot import /c/custom_nodes/a module for custom nodes: bad magic\n"
    assert read_imports(log).failed[0].missing == ""


def test_a_log_with_a_prefix_and_windows_line_ends() -> None:
    log = (START + TRACE + LIST).replace("\n", "\r\n")
    assert read_imports(log).failed[0].missing == "colour"


def test_garbage_is_no_report() -> None:
    assert read_imports("") == read_imports("\0\x1b[2J\r\r\n" * 1000)
    assert not read_imports("").listed
    assert visible_lines("a\x1b]0;title\x07b\u202e") == ["ab"]
