#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# --report: the page is there whole or not at all, loads nothing from elsewhere, and its data agrees
# with --results-json.  report-page.sh tests it in a browser.  Run in the build directory.
srcdir=$(cd "${srcdir:-.}" && pwd)
# shellcheck source=tests/support/tool-lib.sh
. "$srcdir/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
command -v python3 >/dev/null || skip_all 'python3 is not installed'
mkdir "$dir/w"
page=$dir/w/page.html

# python CODE: runs it with report_data imported, "page" the name of the page and "data" its data
python() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$srcdir/tests/support python3 -c "from report_data import *
page = '$page'
data = read(page)
$1" 2>&1 || return 1
}
agrees() {
	python "$1" >"$dir/python" || {
		sed 's/^/# /' "$dir/python"
		return 1
	}
}
alone() {
	[ "$(ls -A "$dir/w")" = "${1:-page.html}" ]
}

# ----------------------------------------------------------------------------------- what is in it

cat >"$dir/job" <<'END'
#!/bin/sh
echo "working on $1"
case $1 in
exit) echo 'no such thing' >&2; exit 7 ;;
crash) kill -SEGV $$ ;;
hang) exec sleep 60 ;;
second) [ -e "$0.second" ] || { : >"$0.second"; echo 'not yet' >&2; exit 1; } ;;
esac
END
chmod +x "$dir/job"
run "$forkpool" -j3 --timeout 0.5 --retries 2 --results-json "$dir/json" --report "$page" "$dir/job" {} ::: a b exit crash hang second c d
is 'a run with a report ends as it would without' "$status" 123
ok 'there is the page, and nothing beside it' alone
ok 'its data agrees with --results-json' agrees "compare(data, '$dir/json')"
ok 'runs that were tried again are there as well' agrees "
assert [(r['attempt'], r['again'], r['outcome']) for r in data['runs'] if r['seq'] == 6] == [(1, True, 'failed'), (2, False, 'ok')]
assert data['again'] == 4, data['again']"
ok 'failed jobs are explained, with the end of what they wrote' agrees "
by = {r['seq']: r for r in data['runs'] if not r['again']}
assert by[3]['why'] == 'exit status 7' and by[3]['err'] == 'no such thing\n' and by[3]['out'] == 'working on exit\n', by[3]
assert 'SIGSEGV' in by[4]['why'] and by[5]['why'].startswith('timed out after 0.5'), by
assert by[3]['place'] == '$dir/json' and 'why' not in by[1]"
ok 'and what kind of run it was' agrees "
assert data['status'] == 123 and data['workers'] == 3 and data['complete'] and data['signal'] == '' and not data['halted']
assert data['command'] == '$dir/job {}', data['command']"
ok 'each script and style has the key, and the policy allows no other' agrees "
text, parser = parse(page)
policy = [a['content'] for t, a in parser.elements if t == 'meta' and a.get('http-equiv') == 'Content-Security-Policy']
assert len(policy) == 1
key = re.search(\"script-src 'nonce-([0-9a-f]{32})'\", policy[0]).group(1)
rules = dict(rule.strip().split(' ', 1) for rule in policy[0].split(';'))
assert rules['default-src'] == \"'none'\" and rules['style-src'] == rules['script-src'] == \"'nonce-%s'\" % key, rules
assert 'unsafe' not in policy[0] and 'http' not in policy[0]
assert [a.get('nonce') for t, a in parser.elements if t in ('script', 'style')] == [key, None, key]
assert not any(name.startswith('on') or name == 'style' for t, a in parser.elements for name in a)
assert '@key@' not in text and '@include' not in text"
ok 'nothing is from elsewhere' agrees "
text, parser = parse(page)
assert not re.search(r'https?:|//[a-z]+\.|@import|url\(|importScripts|fetch\(|XMLHttp|WebSocket|innerHTML|outerHTML|insertAdjacent|document.write|eval\(|Function\(', text)
assert all(a.get('href', '#').startswith(('#', 'data:,')) and 'src' not in a for t, a in parser.elements)"
key_of() {
	sed -n "s/.*script-src 'nonce-\([0-9a-f]*\)'.*/\1/p" "$page"
}
first_key=$(key_of)
run "$forkpool" --report "$page" true ::: 1
ok 'the key is another one each time' [ "$first_key" != "$(key_of)" ]

# ------------------------------------------------------------------------------------- hostile text

attack='</script><img src=x onerror="alert(1)">&lt;<!--<script>'
separators=$(printf '\342\200\250\342\200\251\357\273\277')
bytes=$(printf 'a\001b\033[31mred\177\377\300\200z')
cat >"$dir/say" <<'END'
#!/bin/sh
printf '%s\n' "$1"
printf '%s\n' "$1" >&2
exit 3
END
chmod +x "$dir/say"
run "$forkpool" --quiet -k --report "$page" "$dir/say" ::: "$attack" "$separators" "$bytes" "it's \"quoted\" \\ \$(id)" 'über 測試 🙂'
ok 'names and output that are markup, or no text, are data' agrees "
text, parser = parse(page)
assert [t for t, a in parser.elements if t in ('img', 'script')] == ['script', 'script'], parser.elements
runs = {r['seq']: r for r in data['runs']}
assert runs[1]['command'].endswith('$attack' + \"'\") and runs[1]['out'] == '$attack' + '\n' == runs[1]['err'], runs[1]
assert r'\342\200\250\342\200\251\357\273\277' in runs[2]['command'] and r'\342\200\250' in runs[2]['err'], runs[2]
assert r'a\001b\033[31mred\177\377\300\200z' in runs[3]['command'] and r'\033[31m' in runs[3]['out'], runs[3]
assert runs[4]['out'] == '''it's \"quoted\" \\\\ \$(id)''' + '\n', runs[4]
assert 'über 測試 🙂' in runs[5]['command'] and runs[5]['out'] == 'über 測試 🙂\n', runs[5]"
run "$forkpool" --quiet --report "$page" sh -c 'seq 1 5000 | sed "s/^/line	/" >&2; exit 1' ::: x
ok 'of much output there is the end, from where a line begins' agrees "
(r,) = data['runs']
lines = r['err'].split('\n')
assert r['err_length'] == sum(len('line\t%d\n' % n) for n in range(1, 5001)), r['err_length']
assert 1500 < len(r['err']) <= 2048 and lines[-2:] == ['line\t5000', ''], lines[-3:]
assert all(re.fullmatch('line\t[0-9]+', line) for line in lines[:-1]), lines[0]"
run "$forkpool" --quiet --report "$page" "$dir/say" ::: "$(head -c 5000 /dev/zero | tr '\0' x)/end"
ok 'a long name is cut, and its end stays' agrees "
command = data['runs'][0]['command']
assert len(command) == 512 and 'x...x' in command and command.endswith('xxx/end'), command"

# ---------------------------------------------------------------------------------- no file, no run

# refused NAME WORDS OPTION...: a test: one line has the words, and no job has run
refused() {
	refused_name=$1
	words=$2
	shift 2
	rm -f "$dir/ran"
	run "$forkpool" "$@" touch ::: "$dir/ran"
	case $err in
	*"$words"*) said=$(printf '%s\n' "$err" | wc -l) ;;
	*) said=$err ;;
	esac
	is "$refused_name" "$status:$said:$(ls "$dir/ran" 2>/dev/null)" '1:1:'
}
refused 'standard output is no file' 'must be a file with a name' --report -
refused 'a directory that is not there' 'No such file or directory' --report "$dir/missing/page.html"
refused 'a directory' 'Is a directory' --report "$dir/w"
# A pipe of our own and no device: a failure would remove the device for everybody.
mkfifo "$dir/w/pipe"
refused 'a pipe, which would be gone after it' 'must be a regular file' --report "$dir/w/pipe"
ok 'which is still there' [ -p "$dir/w/pipe" ]
rm -f "$dir/w/pipe"
refused 'an empty name' 'must not be empty' --report ''
refused 'the file of another record' 'must be two files' --report "$dir/same" --joblog "$dir/same"
: >"$dir/w/there"
ln "$dir/w/there" "$dir/w/other"
refused 'by another name too' 'must be two files' --report "$dir/w/other" --results-json "$dir/w/there"
rm -f "$dir/w/there" "$dir/w/other"
echo item >"$dir/items"
refused 'the file of the items' 'where the items come from' --report "$dir/items" -a "$dir/items"
is 'which is as it was' "$(cat "$dir/items")" item
rm -f "$page"
run "$forkpool" --dry-run --report "$page" echo ::: 1
is '--dry-run writes none' "$status:$(ls -A "$dir/w")" 0:
if [ "$(id -u)" -ne 0 ]; then
	chmod 555 "$dir/w"
	refused 'a directory that cannot be written to' 'Permission denied' --report "$page"
	chmod 755 "$dir/w"
fi

# ------------------------------------------------------------------------------------- whole or not

mkdir "$dir/linked"
: >"$dir/linked/real.html"
chmod 640 "$dir/linked/real.html"
ln -s "$dir/linked/real.html" "$dir/w/link"
run "$forkpool" --report "$dir/w/link" true ::: 1
is 'a link stays, and what it points to is replaced' "$status:$(readlink "$dir/w/link"):$(grep -c '</html>' "$dir/linked/real.html")" "0:$dir/linked/real.html:1"
is 'with the permissions that it had' "$(stat -c %a "$dir/linked/real.html")" 640
rm -f "$dir/w/link"
(umask 027 && "$forkpool" --report "$page" true ::: 1)
is 'a new one has those of any new file' "$(stat -c %a "$page")" 640

# started COMMAND...: starts it, sets $pid and waits until its first job has begun
started() {
	rm -f "$dir/begun"
	"$@" >"$dir/out" 2>"$dir/err" </dev/null &
	pid=$!
	until_true test -e "$dir/begun"
}
# shellcheck disable=SC2016
slow='case $1 in first) exit 4 ;; esac; : >"$0"; exec sleep 60'
started "$forkpool" -j1 --report "$page" sh -c "$slow" "$dir/begun" ::: first second third
kill -TERM "$pid"
wait "$pid"
is 'a run that is interrupted ends as it would' "$?" 143
ok 'and has its report' agrees "
assert data['signal'] == 'TERM' and [(r['seq'], r['outcome']) for r in data['runs']] == [(1, 'failed'), (2, 'cancelled')], data['runs']
assert dict(zip(data['outcomes'], data['jobs']))['cancelled'] == 1"
no_process_left 'and leaves nothing'
run "$forkpool" --quiet -j1 --halt now,fail=1 --report "$page" sh -c 'exit "$0"' ::: 0 1 0
ok '--halt too' agrees "assert data['halted'] and data['status'] == 124 and len(data['runs']) == 2"
cksum <"$page" >"$dir/before"
started "$forkpool" -j1 --report "$page" sh -c "$slow" "$dir/begun" ::: first second
ok 'while it runs there is the old page, and nothing beside it' alone
kill -KILL "$pid"
wait "$pid" 2>/dev/null
no_process_left 'SIGKILL ends it'
is 'and the old page is still there, and nothing else' "$(ls -A "$dir/w"):$(cksum <"$page")" "page.html:$(cat "$dir/before")"
mkdir "$dir/gone"
run "$forkpool" --report "$dir/gone/page.html" rmdir ::: "$dir/gone"
is 'one that cannot be written in the end is told, and the status says so' "$status:$(printf '%s\n' "$err" | grep -c '^forkpool: --report: cannot write .*gone/page.html: No such file')" 1:1

# --------------------------------------------------------------------------------------- other ways

run "$forkpool" -u --report "$page" sh -c 'exit 1' ::: 1
ok 'output that went by is not missed in silence' agrees "assert data['output'] == 'none' and data['runs'][0]['err_length'] == 0"
# The name of an object can be markup, and is in each line.
shared plugin -g <<'END'
#include <forkpool_plugin.h>
#include <stdlib.h>
FORKPOOL_PLUGIN;
FORKPOOL_EXPORT int
dies(struct forkpool_context *context, const void *args, size_t len)
{
	(void)context;
	(void)args;
	if (len == 1)
		abort();
	return 0;
}
END
markup='<b>&amp;.so'
mv "$dir/plugin.so" "$dir/$markup"
run "$forkpool" --quiet --plugin "$dir/$markup:dies" --report "$page" --results-json "$dir/json" ::: x yy
ok 'a backtrace is that of --results-json' agrees "compare(data, '$dir/json')"
run "$forkpool" --quiet --plugin "$dir/$markup:dies" --report "$page" ::: x yy
if grep -q 'define HAVE_BACKTRACE 1' config.h && [ -z "${SANITIZE_CFLAGS-}" ]; then
	ok 'and there without it, where the function died' agrees "
text, parser = parse(page)
assert 'b' not in [t for t, a in parser.elements]
runs = {r['seq']: r for r in data['runs']}
lines = runs[1]['backtrace'].splitlines()
assert any('dies' in line and ' in $markup' in line for line in lines), lines
assert 'backtrace' not in runs[2]"
fi
run "$forkpool" --report "$page" echo ::: </dev/null
ok 'a run of nothing has a page too' agrees "assert data['runs'] == [] and data['lanes'] == [] and data['complete']"
run "$forkpool" --quiet --journal "$dir/journal" --report "$page" "$dir/say" ::: 1 2
run "$forkpool" --quiet --journal "$dir/journal" --report "$page" "$dir/say" ::: 1 2
ok 'with a journal, jobs of earlier runs count and have no row' agrees "
assert dict(zip(data['outcomes'], data['jobs']))['failed'] == 2 and data['runs_total'] == 0 and data['runs'] == []"
run "$forkpool" --quiet --compat=parallel --report "$page" echo {} ::: 'a b'
ok 'a command for the shell' agrees "assert data['command'] == 'echo {}' and 'a b' in data['runs'][0]['command'], data"
ok 'nothing is left beside it' alone
no_process_left 'no process is left at the end'
done_testing
