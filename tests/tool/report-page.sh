#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# --report in a browser: what the page shows of real runs, by mouse, keys and touch, on a phone, in
# dark mode and on paper.
# Run in the build directory.
srcdir=$(cd "${srcdir:-.}" && pwd)
# shellcheck source=tests/support/tool-lib.sh
. "$srcdir/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
command -v python3 >/dev/null || skip_all 'python3 is not installed'
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || skip_all 'chromium is not installed'

# ----------------------------------------------------------------------------------------- the runs

# Jobs of all kinds on several workers, with names that try to be HTML or script.  Jobs that fail
# take long enough to have a bar of their own in the lanes.
cat >"$dir/job" <<'END'
#!/bin/sh
case $1 in
fail*) echo "cannot read $1: bad magic number" >&2; sleep 0.2; exit 3 ;;
crash*) sleep 0.2; kill -SEGV $$ ;;
hang*) exec sleep 60 ;;
second*) [ -e "$0.$1" ] || { : >"$0.$1"; echo 'not yet' >&2; exit 1; } ;;
slow*) sleep 0.3 ;;
*'<'* | *javascript* | *"'"*) printf '%s\n' "$1" >&2; exit 1 ;;
esac
END
chmod +x "$dir/job"
{
	seq -f 'plain-%02g' 1 40
	seq -f 'fail-%g' 1 3
	printf '%s\n' crash hang second-1 second-2 slow
	cat <<'END'
</script><script>window.hacked = 1</script>
<img src=x onerror="window.hacked = 2">
--><svg/onload=window.hacked=3>
"><a href="javascript:window.hacked=4">click</a>
'];window.hacked=5;['${window.hacked=6}`
END
	printf 'bytes \001\033[31m \377\200 <b>\n'
	printf 'separators \342\200\250window.hacked=7\342\200\251 <i>\n'
} >"$dir/items"
"$forkpool" --quiet -j4 --timeout 1 --retries 2 --results-json "$dir/run.json" --report "$dir/run.html" -a "$dir/items" "$dir/job" >/dev/null 2>&1

# As many jobs as a page has to be quick with; some of them kill their worker.
cat >"$dir/quick.c" <<'END'
#include <forkpool_plugin.h>
#include <signal.h>
#include <string.h>

FORKPOOL_PLUGIN;
FORKPOOL_EXPORT int
quick(struct forkpool_context *context, const void *args, size_t len)
{
	const char *text = args;
	if (len > 4 && memcmp(text + len - 4, "3333", 4) == 0)
		(void)raise(SIGSEGV);
	if (len > 3 && memcmp(text + len - 3, "777", 3) == 0)
		return forkpool_fail(context, 5, "bad block");
	return 0;
}
END
many=
# shellcheck disable=SC2086
if ${CC:-cc} -O1 -shared -fPIC -I"$srcdir/include" -o "$dir/quick.so" "$dir/quick.c"; then
	many=$dir/many.html
	seq -f 'data/block-%06g' 100000 >"$dir/blocks"
	"$forkpool" --quiet -j4 --plugin "$dir/quick.so:quick" --report "$many" -a "$dir/blocks" >/dev/null 2>&1
fi
"$forkpool" --quiet -j200 --report "$dir/wide.html" sleep ::: $(seq -f '0.%03g' 200 400)
"$forkpool" --report "$dir/empty.html" echo ::: </dev/null

PYTHONDONTWRITEBYTECODE=1 python3 "$srcdir/tests/support/report_page.py" "$dir" >"$dir/tap" 2>"$dir/tap.err"
status=$?
cat "$dir/tap"
sed 's/^/# /' "$dir/tap.err"
number=$(grep -c '^\(not \)\{0,1\}ok ' "$dir/tap")
failed=$(grep -c '^not ok ' "$dir/tap")
is 'the browser came to its end' "$status" 0
no_process_left 'and nothing of it is left'
done_testing
