# Sourced by bin/*. Sets $root, the checkout, and $python, a Python that is new enough; otherwise prints
# what is missing and exits.
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
python=
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    python=$(command -v "$candidate")
    break
  fi
done
if [ -z "$python" ]; then
  if command -v python3 >/dev/null; then
    echo "Python 3.11 or newer is needed; python3 here is $(python3 -V 2>&1 | sed 's/Python //')." >&2
  else
    echo "Python 3.11 or newer is needed; there is no python3 here." >&2
  fi
  echo "Debian 12 and 13 and Ubuntu 24.04 have it: apt-get install python3 python3-venv" >&2
  exit 1
fi
export PYTHONPATH="$root"
