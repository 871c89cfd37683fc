"""The sh texts of detached jobs, for dash, bash and busybox. All values reach them as "$1"...

On the instance, in `job_dir`/<id>/:

    script      what to run; linked into place only when every byte of it arrived
    run/        made by mkdir: whoever makes it, and nobody else, runs the script
    run/pid     "<wrapper pid> <its start tick> <machine> <job pid> <its start tick>"
    run/exit    "-" until the exit code is known
    run/log     stdout and stderr of the script
    run/reader  the token of the newest ATTACH; older ones end

`exit` and `pid` are written before the script starts and then overwritten in place, so that a disk
that is full by then loses neither. `machine` is boot id and start tick of process 1: a container
that restarts keeps the host's boot id.
"""

MARK = "@vastgui:"
"""Stands before every answer: what the login shell's start files print comes earlier."""

TRUNCATED, REFUSED, NOT_STARTED = 96, 97, 98
"""Exit codes of START."""

_COMMON = r"""
umask 077
vg_tick() {
    vg_t=
    { read -r vg_stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    set -- ${vg_stat##*) }
    case $1 in Z | X | x) return 1 ;; esac
    vg_t=${20}
}
vg_machine() {
    vg_m=-
    { read -r vg_m </proc/sys/kernel/random/boot_id; } 2>/dev/null
    vg_tick 1
    vg_m=$vg_m:${vg_t:--}
}
vg_lives() {
    [ "$1" != - ] || return 1
    if [ -r /proc/self/stat ]; then
        vg_tick "$1" && [ "$vg_t" = "$2" ]
    else
        kill -0 "$1" 2>/dev/null
    fi
}
vg_nap() { sleep "$1" 2>/dev/null || sleep 1; }
vg_read_exit() { vg_rc=; { read -r vg_rc <"$vg_run/exit"; } 2>/dev/null; vg_rc=${vg_rc:--}; }
vg_read_pid() { { read -r vg_w vg_wt vg_pm vg_j vg_jt vg_x <"$vg_run/pid"; } 2>/dev/null; }
vg_read_size() { set -- $(ls -lnd "$vg_run/log" 2>/dev/null); vg_size=${5:-0}; }
"""

_LOCATE = r"""
case $1 in '~/'*) vg_dir=$HOME/${1#??}/$2 ;; *) vg_dir=$1/$2 ;; esac
vg_run=$vg_dir/run
shift 2
"""

# $1 job_dir, $2 id, $3 shell, $4 text of WRAPPER, $5 bytes of the script on stdin, rest: its args
START = (
    _COMMON
    + _LOCATE
    + r"""
vg_sh=$1 vg_wrapper=$2 vg_want=$3
shift 3
mkdir -p "$vg_dir" || exit 97
if [ ! -f "$vg_dir/script" ]; then
    vg_in=$vg_dir/in.$$
    cat >"$vg_in" || { rm -f "$vg_in"; exit 97; }
    vg_got=$(wc -c <"$vg_in")
    [ "$((vg_got))" -eq "$vg_want" ] || { rm -f "$vg_in"; exit 96; }
    ln "$vg_in" "$vg_dir/script" 2>/dev/null || [ -f "$vg_dir/script" ] ||
        mv "$vg_in" "$vg_dir/script" || exit 97
    rm -f "$vg_in"
fi
if [ -d "$vg_run" ]; then
    vg_answer=known
else
    vg_answer=new
    : >"$vg_dir/start.err" || exit 97
    vg_new=
    command -v setsid >/dev/null 2>&1 && vg_new=setsid
    $vg_new $vg_sh -c "$vg_wrapper" vastgui-job "$vg_dir" "$vg_sh" "$@" \
        </dev/null >/dev/null 2>>"$vg_dir/start.err" &
fi
vg_i=0
while [ ! -s "$vg_run/pid" ]; do
    [ "$vg_i" -lt 100 ] || exit 98
    if [ -s "$vg_dir/start.err" ]; then cat "$vg_dir/start.err" >&2; exit 97; fi
    if [ "$vg_i" -lt 20 ]; then vg_nap 0.01; else vg_nap 0.1; fi
    vg_i=$((vg_i + 1))
done
printf '\n@vastgui:%s\n' "$vg_answer"
"""
)

# $1 directory of the job, $2 shell, rest: args of the script
WRAPPER = (
    _COMMON
    + r"""
vg_dir=$1 vg_run=$1/run vg_sh=$2
shift 2
trap '' HUP
mkdir "$vg_run" 2>/dev/null || exit 0
vg_give_up() {
    echo "no space or no right to write in $vg_run" >&2
    rm -f "$vg_run/exit" "$vg_run/log" "$vg_run/pid"
    rmdir "$vg_run"
    exit 97
}
vg_machine
vg_tick $$
vg_head="$$ ${vg_t:--} $vg_m"
{ printf '%-15s\n' - >"$vg_run/exit" && : >"$vg_run/log"; } 2>/dev/null || vg_give_up
{ printf '%-199s\n' "$vg_head - -" >"$vg_run/pid"; } 2>/dev/null || vg_give_up
vg_new=
command -v setsid >/dev/null 2>&1 && vg_new=setsid
$vg_new $vg_sh "$vg_dir/script" "$@" </dev/null >>"$vg_run/log" 2>&1 &
vg_job=$!
vg_tick "$vg_job"
printf '%-199s\n' "$vg_head $vg_job ${vg_t:--}" 1<>"$vg_run/pid"
wait "$vg_job"
printf '%-15s\n' "$?" 1<>"$vg_run/exit"
"""
)

# $1 job_dir, $2 id, $3 offset in the log, $4 token of this reader
# The log goes to stdout; "hb <offset>", "exit <code> <size>", "lost <size>", "none" to stderr.
ATTACH = (
    _COMMON
    + _LOCATE
    + r"""
vg_off=$1 vg_token=$2
printf '\n@vastgui:log\n' || exit 1
if [ ! -s "$vg_run/pid" ]; then
    echo none >&2
    exit 0
fi
vg_machine
{ printf '%s\n' "$vg_token" >"$vg_run/reader"; } 2>/dev/null
vg_idle=0 vg_ms=1000
while :; do
    vg_read_exit
    vg_read_size
    if [ "$vg_size" -gt "$vg_off" ]; then
        dd if="$vg_run/log" bs=65536 skip=$((vg_off / 65536)) 2>/dev/null |
            tail -c +$((vg_off % 65536 + 1)) | head -c $((vg_size - vg_off)) || exit 1
        vg_off=$vg_size
        vg_idle=0
    fi
    if [ "$vg_rc" != - ]; then
        printf 'exit %s %s\n' "$vg_rc" "$vg_size" >&2
        exit 0
    fi
    vg_read_pid
    if [ "$vg_pm" != "$vg_m" ] || { ! vg_lives "$vg_w" "$vg_wt" && ! vg_lives "$vg_j" "$vg_jt"; }
    then
        vg_read_exit
        [ "$vg_rc" = - ] || continue
        vg_read_size
        [ "$vg_size" -le "$vg_off" ] || continue
        printf 'lost %s\n' "$vg_size" >&2
        exit 0
    fi
    vg_reader=
    { read -r vg_reader <"$vg_run/reader"; } 2>/dev/null
    [ -z "$vg_reader" ] || [ "$vg_reader" = "$vg_token" ] || exit 0
    if [ "$vg_ms" -ge 1000 ]; then
        printf 'hb %s\n' "$vg_off" >&2 || exit 1
        vg_ms=0
    fi
    if [ "$vg_idle" -lt 20 ]; then
        vg_nap 0.05
        vg_ms=$((vg_ms + 50))
    else
        vg_nap 0.25
        vg_ms=$((vg_ms + 250))
    fi
    vg_idle=$((vg_idle + 1))
done
"""
)

# $1 job_dir, $2 id, $3 grace in tenths of a second
STOP = (
    _COMMON
    + _LOCATE
    + r"""
vg_grace=$1
vg_say() { vg_read_size; printf '\n@vastgui:%s %s\n' "$1" "$vg_size"; exit 0; }
mkdir -p "$vg_dir" || exit 97
if mkdir "$vg_run" 2>/dev/null; then
    printf '%-15s\n' 143 >"$vg_run/exit" && : >"$vg_run/log" &&
        printf '0 0 - - -\n' >"$vg_run/pid" || exit 97
    vg_say 'none 143'
fi
vg_i=0
while vg_j=-; vg_read_pid; vg_read_exit; [ "$vg_j$vg_rc" = -- ] && [ "$vg_i" -lt 30 ]; do
    vg_nap 0.1
    vg_i=$((vg_i + 1))
done
[ "$vg_rc" = - ] || vg_say "exit $vg_rc"
vg_machine
[ "$vg_pm" = "$vg_m" ] && vg_lives "$vg_j" "$vg_jt" || {
    vg_nap 0.3
    vg_read_exit
    [ "$vg_rc" = - ] && vg_say 'lost -'
    vg_say "exit $vg_rc"
}
vg_signal() { kill -s "$1" -- "-$vg_j" 2>/dev/null || kill -s "$1" "$vg_j" 2>/dev/null; }
vg_group_lives() {
    kill -s 0 -- "-$vg_j" 2>/dev/null || return 1
    [ -r /proc/self/stat ] || return 0
    for vg_p in /proc/[0-9]*/stat; do
        { read -r vg_stat <"$vg_p"; } 2>/dev/null || continue
        set -- ${vg_stat##*) }
        [ "$3" = "$vg_j" ] || continue
        case $1 in Z | X | x) ;; *) return 0 ;; esac
    done
    return 1
}
vg_over() { vg_read_exit; [ "$vg_rc" != - ] && ! vg_group_lives; }
vg_signal TERM
vg_i=0
while ! vg_over && [ "$vg_i" -lt "$vg_grace" ]; do
    vg_nap 0.1
    vg_i=$((vg_i + 1))
done
vg_over || vg_signal KILL
vg_i=0
while ! vg_over && [ "$vg_i" -lt 20 ]; do
    vg_nap 0.1
    vg_i=$((vg_i + 1))
done
if [ "$vg_rc" = - ]; then
    printf '%-15s\n' 137 1<>"$vg_run/exit"
    vg_rc=137
fi
vg_say "exit $vg_rc"
"""
)
