"""What a person would expect to see at the end of every recorded prompt, prompt by prompt.

`outcome percent | nodes | files and “texts” | more`. Nodes: E executed, C from the cache, X failed,
. did not run. "behind 2, 1" are the queue positions on the way.
"""

NOT_APPLICABLE = {
    "12_ws_misc": "the connection itself: ids, flags, pings, limits (the listener's tests)",
    "21_view": "downloads only (the client's tests)",
    "27_races_measured": "counts, no frames",
    "28_progress_state_traffic": "sums, no frames (test_progress.py makes such traffic and times it)",
    "29_origin_checks": "HTTP headers only",
}

SEEN: dict[str, list[str]] = {
    # the preview node runs before the saver: that order, and every step's picture
    "01_success_progress_previews": [
        "success 100% | 1E 2E 3E 4E | ComfyUI_temp_jkkgp_00001_.png save_00001_.png | 5 previews of 1",
    ],
    # a wholly cached run names the old files, under renamed ids too; then part of it runs again; the last after POST /free
    "02_cached_second_run": [
        "success 100% | 1E 2E 3E 4E | ComfyUI_temp_olasp_00001_.png cached_00001_.png clip_00001.gif clip_00001_.webp",
        "success 100% | 1C 2C 3C 4C | ComfyUI_temp_olasp_00001_.png cached_00001_.png clip_00001.gif clip_00001_.webp",
        "success 100% | 1C 2C 3C 4C | ComfyUI_temp_olasp_00001_.png cached_00001_.png clip_00001.gif clip_00001_.webp",
        "success 100% | 11C 12C | cached_00001_.png",
        "success 100% | 1C 2C 3E 4E | ComfyUI_temp_suekb_00001_.png cached_00001_.png clip_00002.gif clip_00002_.webp",
        "success 100% | 1E 2E 3E 4E | ComfyUI_temp_prxgo_00001_.png cached_00001_.png clip_00003.gif clip_00003_.webp",
    ],
    # only what changed (and a node that always runs) is executed
    "03_partial_cache": [
        "success 100% | 1E 2E 3E 4E 5E | pa_00001_.png ComfyUI_temp_bfmgt_00001_.png",
        "success 100% | 1C 2C 3E 4E 5E | pb_00001_.png ComfyUI_temp_bfmgt_00002_.png",
        "success 100% | 1C 2E 3E 4E 5E | pb_00002_.png ComfyUI_temp_bfmgt_00003_.png",
    ],
    # positions count the prompts before ours; `status` counts are nobody's business
    "04_three_queued_positions": [
        "success 100% | 1E 2E | ComfyUI_temp_dezps_00001_.png",
        "success 100% | 1E 2E | ComfyUI_temp_dezps_00002_.png | behind 1",
        "success 100% | 1E 2E | ComfyUI_temp_dezps_00003_.png | behind 2, 1",
    ],
    # without a client id only history tells (2, 3), and nobody asked it about 4; foreign frames change nothing
    "05_other_clients_and_no_client_id": [
        "success 100% | 1E 2E | ComfyUI_temp_npzyv_00001_.png | 2 previews of 1",
        "success 100% | 1E 2E | ComfyUI_temp_npzyv_00002_.png",
        "error 0% | 1X 2. | - | “RigRaise” (node 1) failed: nobody hears.",
        "lost 0% | 1. 2. | -",
        "success 100% | 1E 2E | ComfyUI_temp_npzyv_00003_.png",
        "success 100% | 1E 2E | ComfyUI_temp_npzyv_00004_.png",
        "success 100% | 1E 2E | ComfyUI_temp_npzyv_00005_.png",
    ],
    # the accepted ones (refusals: see test_failures.py); 2 was accepted in part: nodes 3 and 4 never run
    "06_validation_errors": [
        "success 100% | 1C 2C | ComfyUI_temp_izugl_00001_.png",
        "success 100% | 1C 2C 3. 4. | ComfyUI_temp_izugl_00001_.png",
        "success 100% | 1E 2E | ComfyUI_temp_izugl_00002_.png",
        "success 100% | 1E 2E | ComfyUI_temp_izugl_00003_.png",
        "success 100% | 1C 2E | save_00003_.png",
        'success 100% | 1E | “{"choice": "a", "choice2": "NOT_AN_OPTION", "deflt": "1", "flag": "True", "forced": "1", "noise_seed": "1", "seed": "1", "strength": "1.0", "text": "t", "unique_id": "1"}”',
        'success 100% | 1E | “{"choice": "a", "choice2": "x", "deflt": "1", "flag": "True", "forced": "1", "noise_seed": "1", "seed": "1", "strength": "nan", "text": "t", "unique_id": "1"}”',
        'success 100% | 1E | “{"choice": "a", "choice2": "x", "deflt": "1", "flag": "True", "forced": "1", "noise_seed": "1", "seed": "1", "strength": "1.0", "text": "t", "unique_id": "1"}”',
        "success 100% | 1E 2E | ComfyUI_temp_ycyjx_00001_.png",
    ],
    # earlier outputs are kept; out of memory; blocked silently is success without output, blocked with a message is told by the socket alone
    "07_execution_error": [
        "error 50% | 1E 2E 3X 4. | err_00001_.png | “RigRaise” (node 3) failed: boom.",
        "error 0% | 1C 2C 3X 4. | err_00001_.png | “RigRaise” (node 3) failed: boom.",
        "error 0% | 1X 2. | - | “RigRaise” (node 1) failed: the GPU ran out of memory.",
        "success 100% | 1E 2E | -",
        "error 50% | 1E 2X | - | “PreviewImage” (node 2) failed: Execution Blocked: blocked on purpose.",
        "success 100% | 1E 2E | ComfyUI_temp_kvkuq_00001_.png",
    ],
    # an interrupt during the last node has no effect
    "08_interrupt": [
        "interrupted 2% | 1. 2. | - | Someone else interrupted the run on the instance while “RigSlowSteps” (node 1) ran.",
        "interrupted 2% | 1. 2. | - | Someone else interrupted the run on the instance while “RigSlowSteps” (node 1) ran.",
        "success 100% | 1E 2E | ComfyUI_temp_cqgxn_00001_.png",
        "success 100% | 1E 2E | ComfyUI_temp_cqgxn_00002_.png",
        "success 100% | 1E 2E | ComfyUI_temp_cqgxn_00003_.png",
        "interrupted 33% | 1E 2. 3. | - | Someone else interrupted the run on the instance while “ImageInvert” (node 2) ran.",
        "success 100% | 1E | “c”",
        "success 100% | 1E 2E | ComfyUI_temp_platz_00001_.png",
    ],
    # deleted while pending by someone: lost, not failed
    "09_queue_delete_clear": [
        "success 100% | 1E 2E | ComfyUI_temp_szpoz_00001_.png",
        "lost 0% | 1. 2. | -",
        "lost 0% | 1. 2. | - | behind 1",
        "lost 0% | 1. 2. | - | behind 2",
    ],
    # each time: a finished prompt, one killed in mid-run, one killed in the queue, one after the restart
    "10_server_killed_and_restarted": [
        "success 100% | 1E 2E 3E | ComfyUI_temp_mbnsm_00001_.png kill_00013_.png",
        "lost 2% | 1. 2. | -",
        "lost 0% | 1. 2. | -",
        "success 100% | 1E 2E | kill_00014_.png",
        "success 100% | 1E 2E 3E | kill_00015_.png ComfyUI_temp_lveif_00001_.png",
        "lost 2% | 1. 2. | -",
        "lost 0% | 1. 2. | -",
        "success 100% | 1E 2E | kill_00016_.png",
        "success 100% | 1E 2E 3E | kill_00017_.png ComfyUI_temp_ivclh_00001_.png",
        "lost 2% | 1. 2. | -",
        "lost 0% | 1. 2. | -",
        "success 100% | 1E 2E | kill_00018_.png",
    ],
    # reconnects, and a deaf second socket: history fills the gaps
    "11_ws_reconnect_mid_run": [
        "success 100% | 1E 2E 3E | ComfyUI_temp_hlknh_00001_.png",
        "success 100% | 1E 3E | ComfyUI_temp_hlknh_00002_.png",
        "success 100% | 1E 3E | ComfyUI_temp_hlknh_00003_.png",
        "success 100% | 1E 3E | ComfyUI_temp_hlknh_00004_.png",
        "success 100% | 1E 3E | ComfyUI_temp_hlknh_00005_.png",
        "success 100% | 1E 3E | ComfyUI_temp_hlknh_00006_.png",
        "success 100% | 1E 3E | ComfyUI_temp_hlknh_00007_.png",
    ],
    # types 1, 3, 4; 5 reconnected in mid-run and never asked the history: an output may be missing, so lost; 6 sends its PNG as frames only
    "13_preview_formats": [
        "success 100% | 1E 2E | “näh €” | 2 previews of 1",
        "success 100% | 1E 2E | “näh €” | 2 previews of 1",
        "success 100% | 1E 2E | “two” | 2 previews of 1",
        "success 100% | 1E 2E | “two” | 2 previews of 1",
        "lost 99% | 1E 2E | ComfyUI_temp_ilkrm_00001_.png | 8 previews of 1",
        "success 100% | 1E 2E | websocket_2_00001.png websocket_2_00002.png | 2 previews of 2",
    ],
    # expansion, two async nodes, bars over 100% and of 0, a pack's own message, a cycle found at run time (status_str success!)
    "14_progress_state_expand_async": [
        "success 100% | 1E 2E | ComfyUI_temp_qzdym_00001_.png | 4 previews of 1",
        "success 100% | 1E 2E 3E 4E | ComfyUI_temp_aqlrp_00001_.png ComfyUI_temp_egpzg_00001_.png",
        "success 100% | 1E 2E | ComfyUI_temp_pnuvm_00001_.png",
        "success 100% | 1E 2E | ComfyUI_temp_pnuvm_00002_.png",
        "interrupted 8% | 1. 2. | - | 19 previews of 1 | Someone else interrupted the run on the instance while “RigExpand” (node 1) ran.",
        "error 0% | 1X 2. | - | “RigCycleExpand” (node 1) failed: its connections form a loop.",
    ],
    # queue orders; only the wanted output (9); the same id twice (16, 17, 19, 20: we never do that); cleared by someone (22, 23, 25)
    "15_number_front_partial_targets_prompt_id": [
        "success 100% | 1E 2E | ComfyUI_temp_jzzva_00001_.png",
        "success 100% | 1E 2E | ComfyUI_temp_jzzva_00007_.png | behind 6",
        "success 100% | 1E 2E | ComfyUI_temp_jzzva_00004_.png | behind 3",
        "success 100% | 1E 2E | ComfyUI_temp_jzzva_00002_.png | behind 1",
        "success 100% | 1E 2E | ComfyUI_temp_jzzva_00005_.png | behind 4",
        "success 100% | 1E 2E | ComfyUI_temp_jzzva_00006_.png | behind 5",
        "success 100% | 1E 2E | ComfyUI_temp_jzzva_00003_.png | behind 2",
        "success 100% | 1E 2E | ComfyUI_temp_jzzva_00008_.png | behind 7",
        "success 100% | 1E 2. 3E | pt3_00002_.png",
        "success 100% | 1C 2E | ComfyUI_temp_dmdpc_00001_.png",
        "success 100% | 1E 2E | ComfyUI_temp_dmdpc_00002_.png",
        "success 100% | 1E 2E | ComfyUI_temp_dmdpc_00003_.png",
        "success 100% | 1E 2E | ComfyUI_temp_dmdpc_00004_.png",
        "success 100% | 1E 2E | ComfyUI_temp_dmdpc_00005_.png",
        "success 100% | 1E 2E | ComfyUI_temp_dmdpc_00006_.png",
        "success 100% | 1E 2E | dup0_00002_.png dup1_00002_.png",
        "success 100% | 1E 2E | dup1_00002_.png",
        "success 100% | 1E 2E | ComfyUI_temp_uptct_00001_.png",
        "success 100% | 1E 2E | ComfyUI_temp_uptct_00002_.png | behind 1",
        "success 100% | 1E 2E | ComfyUI_temp_uptct_00002_.png | behind 1",
        "success 100% | 1E 2E | ComfyUI_temp_uptct_00003_.png",
        "lost 0% | 1. 2. | - | behind 2",
        "lost 0% | 1. 2. | - | behind 1",
        "success 100% | 1E 2E | ComfyUI_temp_uptct_00004_.png",
        "lost 0% | 1. 2. | - | behind 1",
    ],
    # the API keys in extra_data never reach what we show
    "16_extra_data_and_png_metadata": [
        "success 100% | 1E 2E 3E | meta_00001_.png “x” “more” “workflow”",
        "success 100% | 1E 2E | ComfyUI_temp_upmom_00001_.png",
    ],
    # the prompts that used the uploads; the last loads a file that is no picture
    "20_upload_image": [
        "success 100% | 1E 2E | ComfyUI_temp_uptct_00001_.png",
        "success 100% | 1E 2E | ComfyUI_temp_uptct_00002_.png",
        "success 100% | 1E 2E | ComfyUI_temp_uptct_00003_.png",
        "success 100% | 1E 2E | ComfyUI_temp_uptct_00004_.png",
        "error 0% | 1X 2. | - | “LoadImage” (node 1) failed: an input file is not what its node can read.",
    ],
    # history polled in every way
    "22_history": [
        "success 100% | 1E 2E | ComfyUI_temp_mgjgx_00001_.png",
        "success 100% | 1E 2E | ComfyUI_temp_mgjgx_00002_.png",
        "success 100% | 1E 2E | ComfyUI_temp_mgjgx_00003_.png",
        "success 100% | 1E 2E | ComfyUI_temp_mgjgx_00004_.png",
    ],
    # the /api twins of the same endpoints
    "23_misc_endpoints": [
        "success 100% | 1E 2E | ComfyUI_temp_mgjgx_00005_.png",
    ],
    # every shape of output: keys images, animated, audio, latents, text, gifs, files
    "24_output_shapes": [
        "success 100% | 1E 2E | batch_00001_.png batch_00002_.png batch_00003_.png",
        "success 100% | 1C 2E | img_0_00001_.png img_1_00002_.png img_2_00003_.png",
        "error 0% | 1C 2X | - | “SaveImage” (node 2) failed: the file name leads out of ComfyUI's output folder.",
        "error 0% | 1C 2X | - | “SaveImage” (node 2) failed: the file name leads out of ComfyUI's output folder.",
        "success 100% | 1C 2E | anim_00001_.webp",
        "success 100% | 1C 2E | anim_00002_.png",
        "success 100% | 1C 2E | webm_00001_.webm",
        "success 100% | 1C 3E 2E | vid_00001_.mp4",
        "success 100% | 1E 2E | snd_00001_.flac",
        "success 100% | 1C 2E | snd_00002_.mp3",
        "error 0% | 1C 2X | - | “SaveAudioOpus” (node 2) failed: stub: torchaudio.functional.resample.",
        "success 100% | 1C 2E | ComfyUI_temp_ncpim_00001_.flac",
        "success 100% | 1E 2E | lat_00001_.latent",
        "success 100% | 1E 2E | “5”",
        "success 100% | 1E 2E | ComfyUI_temp_jnfpk_00001_.png",
        "success 100% | 1. 2E | clip_00001.gif clip_00001_.webp",
        "success 100% | 1. 2E | clip_00002.mp4",
        "success 100% | 1. 2E | clip_00001.gif",
        "success 100% | 1E 2E | “hello”",
        "success 100% | 2E | big_00001_.bin",
    ],
    # progress goes on while a big file is fetched
    "25_big_download": [
        "success 100% | 2E | huge_00001_.bin",
        "success 100% | 1E 2E | ComfyUI_temp_jvxab_00001_.png",
    ],
    # no frame ever arrives: history alone is enough
    "26_slow_ws_reader_blocks_all": [
        "success 100% | 1E 2E | ComfyUI_temp_oegpt_00001_.png",
        "success 100% | 1E 2E | ComfyUI_temp_oegpt_00002_.png",
        "success 100% | 1E 2E | ComfyUI_temp_oegpt_00003_.png",
    ],
    # a server with other flags
    "30_cors_multiuser_limits": [
        "success 100% | 1E 2E | save_00001_.png",
    ],
    # without a cache nothing is ever cached; with one, an old result is
    "31_cache_none_and_lru": [
        "success 100% | 1E 2E 3E | c_00001_.png ComfyUI_temp_tfjbm_00001_.png",
        "success 100% | 1E 2E 3E | c_00002_.png ComfyUI_temp_gbqea_00001_.png",
        "success 100% | 1E 2E | ComfyUI_temp_nrkpt_00001_.png",
        "success 100% | 1E 2E 3E | c_00003_.png ComfyUI_temp_iqpbe_00001_.png",
        "success 100% | 1E 2E 3E | ComfyUI_temp_sorbv_00001_.png c_00004_.png",
        "success 100% | 1C 2C 3C | ComfyUI_temp_sorbv_00001_.png c_00004_.png",
        "success 100% | 1E 2E | ComfyUI_temp_cngra_00001_.png",
        "success 100% | 1C 2C 3C | ComfyUI_temp_sorbv_00001_.png c_00004_.png",
    ],
    # server killed behind the tunnel, ssh frozen for 3 s, ssh killed and opened again
    "32_ssh_tunnel": [
        "success 100% | 1E 2E | tun_00001_.png | 4 previews of 1",
        "success 100% | 2E | tunbig_00001_.bin",
        "lost 2% | 1. 2. | -",
        "success 100% | 1E 2E | ComfyUI_temp_trspx_00001_.png",
        "success 100% | 1E 2E | ComfyUI_temp_trspx_00002_.png",
    ],
}
