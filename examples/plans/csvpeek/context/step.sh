# For the scripts of this plan: `step 40 "Wrote the reader"` says how far the work is.
# PACE is how long one step lasts, in seconds; thinking takes time, and so a person can watch.
set -eu
PYTHON="${PYTHON:-python3}"
step() {
    printf '@progress %s %s\n' "$1" "$2"
    sleep "${PACE:-0}"
}
result() {
    printf '@result %s\n' "$1"
}
