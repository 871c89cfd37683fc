"""The sh texts of uploads, for dash, bash and busybox. All values reach them as "$1"...

A file grows as `NAME.part` and, when it is big, as `NAME.part.1`, `NAME.part.2`, ... beside it: one
piece per channel, put together at the end. Every byte is written at its own place, never appended:
a writer of a lost connection that still drains its pipe writes the same bytes once more.

$1 path, $2 size in bytes, $3 sha256, $4 number of pieces; then what each text says.
"""

SAME, OTHER, SHORT, WRONG, DONE = "same", "other", "short", "wrong", "done"
NO_FOLDER, NO_WRITE = 97, 98
"""Exit codes: what the disk refused."""

_COMMON = r"""
case $1 in '~/'*) vg_f=$HOME/${1#??} ;; /*) vg_f=$1 ;; *) vg_f=./$1 ;; esac
vg_size=$2 vg_want=$3 vg_n=$4
shift 4
vg_d=${vg_f%/*}
vg_d=${vg_d:-/}
vg_sha() {
    vg_h=$(openssl dgst -sha256 -r <"$1" 2>/dev/null)
    [ -n "$vg_h" ] || vg_h=$(sha256sum <"$1")
    vg_h=${vg_h%% *}
}
vg_count() { vg_k=$(wc -c <"$1") && vg_k=$((vg_k)); }
vg_is_it() {
    [ -f "$1" ] && vg_count "$1" && [ "$vg_k" -eq "$vg_size" ] && vg_sha "$1" &&
        [ "$vg_h" = "$vg_want" ]
}
vg_look_there() {
    if [ -e "$vg_f" ] || [ -L "$vg_f" ]; then
        if vg_is_it "$vg_f"; then echo same; else echo other; fi
        exit 0
    fi
}
vg_piece() { if [ "$1" -eq 0 ]; then vg_p=$vg_f.part; else vg_p=$vg_f.part.$1; fi; }
vg_free() {
    set -- $(df -Pk "$vg_d" 2>/dev/null | tail -n 1)
    echo "free ${4:--}"
}
vg_name() {
    [ "$vg_k" -eq "$vg_size" ] || { echo "short $vg_k"; exit 0; }
    vg_is_it "$1" || { rm -f "$1"; echo wrong; exit 0; }
    if ! ln "$1" "$vg_f" 2>/dev/null; then
        vg_look_there
        mv "$1" "$vg_f" || exit 98
    fi
    rm -f "$1"
    echo done
    exit 0
}
"""

# $5: "yes" to hash the bytes that are there: nobody here knows them
LOOK = (
    _COMMON
    + r"""
vg_look_there
mkdir -p "$vg_d" || exit 97
vg_i=0
while [ "$vg_i" -lt "$vg_n" ]; do
    vg_piece "$vg_i"
    if [ -f "$vg_p" ] && vg_count "$vg_p"; then
        vg_h=-
        [ "$1" != yes ] || {
            vg_h=$(head -c "$vg_k" "$vg_p" | openssl dgst -sha256 -r 2>/dev/null)
            [ -n "$vg_h" ] || vg_h=$(head -c "$vg_k" "$vg_p" | sha256sum)
        }
        echo "piece $vg_i $vg_k ${vg_h%% *}"
    fi
    vg_i=$((vg_i + 1))
done
vg_free
"""
)

# $5, $6, ...: numbers of the pieces to forget
FORGET = (
    _COMMON
    + r"""
for vg_i; do
    vg_piece "$vg_i"
    rm -f "$vg_p" || exit 98
done
"""
)

# $5 number of the piece, $6 where to go on in it, in blocks of 65536; stdin: its bytes from there
WRITE = (
    _COMMON
    + r"""
vg_piece "$1"
dd of="$vg_p" bs=65536 seek="$2" conv=notrunc || { vg_free; exit 98; }
"""
)

# $5 MB of one piece
FINISH = (
    _COMMON
    + r"""
vg_look_there
vg_i=1
while [ "$vg_i" -lt "$vg_n" ]; do
    vg_piece "$vg_i"
    if [ -f "$vg_p" ]; then
        dd if="$vg_p" of="$vg_f.part" bs=1048576 seek=$((vg_i * $1)) conv=notrunc ||
            { vg_free; exit 98; }
        rm -f "$vg_p"
    fi
    vg_i=$((vg_i + 1))
done
vg_count "$vg_f.part" || { echo 'short 0'; exit 0; }
vg_name "$vg_f.part"
"""
)

# stdin: the whole file
WHOLE = (
    _COMMON
    + r"""
vg_look_there
mkdir -p "$vg_d" || exit 97
vg_p=$vg_f.part.$$
rm -f "$vg_p"
dd of="$vg_p" bs=65536 || { rm -f "$vg_p"; vg_free; exit 98; }
vg_count "$vg_p"
[ "$vg_k" -eq "$vg_size" ] || rm -f "$vg_p"
vg_name "$vg_p"
"""
)
