#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Job functions of plug-ins: the command puts out their replies byte for byte, and a function that
# misbehaves fails its own item alone.
# Run in the build directory.
srcdir=$(cd "${srcdir:-.}" && pwd)
# shellcheck source=tests/support/tool-lib.sh
. "$srcdir/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'

shared jobs -fvisibility=hidden <<'END'
#include <forkpool_plugin.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

FORKPOOL_PLUGIN;
#define JOB(name) FORKPOOL_EXPORT int name(struct forkpool_context *c, const void *a, size_t n)

static int
is(const void *a, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(a, word, n) == 0;
}

JOB(line)
{
	return forkpool_reply(c, a, n) != 0 || forkpool_reply(c, "\n", 1);
}

JOB(raw)
{
	return forkpool_reply(c, a, n);
}

JOB(nothing)
{
	(void)c, (void)a, (void)n;
	return 0;
}

/* 10 MiB that the item decides. */
JOB(large)
{
	static char block[1 << 20];

	for (size_t i = 0; i < sizeof block; i++)
		block[i] = ((const char *)a)[i % n];
	for (int i = 0; i < 10; i++)
		if (forkpool_reply(c, block, sizeof block) != 0)
			return errno;
	return 0;
}

/* What the item says. */
JOB(trouble)
{
	if (is(a, n, "segv"))
		raise(SIGSEGV);
	if (is(a, n, "abort"))
		abort();
	if (is(a, n, "kill"))
		raise(SIGKILL);
	if (is(a, n, "hang"))
		for (;;)
			pause();
	if (is(a, n, "exit"))
		exit(3);
	if (is(a, n, "error"))
		return EIO;
	if (is(a, n, "message"))
		return forkpool_fail(c, 7, "no luck with %d", 13);
	return line(c, a, n);
}

JOB(file)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%.*s", (int)n, (const char *)a);
	if ((fd = open(path, O_RDONLY)) == -1)
		return forkpool_fail(c, errno, "%s: %s", path, strerror(errno));
	close(fd);
	return line(c, a, n);
}

JOB(memory)
{
	for (size_t i = 0; i < 400; i++) {
		char *block = malloc(1 << 20);
		if (block == NULL)
			return ENOMEM;
		memset(block, 1, 1 << 20);
	}
	return line(c, a, n);
}

JOB(burn)
{
	volatile unsigned long i = 0;

	while (is(a, n, "burn"))
		i++;
	return line(c, a, n);
}

JOB(place)
{
	char path[1024];
	int priority = getpriority(PRIO_PROCESS, 0);

	(void)a, (void)n;
	if (getcwd(path, sizeof path) == NULL)
		return errno;
	char text[1100];
	snprintf(text, sizeof text, "%s %d\n", path, priority);
	return forkpool_reply(c, text, strlen(text));
}

JOB(variable)
{
	char name[64];

	snprintf(name, sizeof name, "%.*s", (int)n, (const char *)a);
	const char *value = getenv(name);
	return line(c, value != NULL ? value : "unset", strlen(value != NULL ? value : "unset"));
}

/* A process that outlives the function, as long as nobody ends it; it has the mark in its environment. */
JOB(leave)
{
	if (fork() == 0) {
		setsid();
		for (;;)
			pause();
	}
	return line(c, a, n);
}
END
jobs=$dir/jobs.so

# ------------------------------------------------------------------------------------ input, output

seq 1000000 >"$dir/million"
"$forkpool" -j2 -k --plugin "$jobs:line" <"$dir/million" >"$dir/out"
is 'a million lines: status' $? 0
ok 'a million lines come out as they went in' cmp "$dir/million" "$dir/out"
"$forkpool" -j8 --plugin "$jobs:line" <"$dir/million" | sort -n >"$dir/out"
ok 'the same in any order' cmp "$dir/million" "$dir/out"

# shellcheck disable=SC2016
printf '\n\nx\n\377\001\r \t\n{} $HOME `id` \\ "\n\nlast' >"$dir/odd"
{ cat "$dir/odd"; echo; } >"$dir/wanted"
"$forkpool" -k --plugin "$jobs:line" <"$dir/odd" >"$dir/out"
ok 'empty lines, odd bytes, no newline at the end' cmp "$dir/wanted" "$dir/out"
printf 'a\nb\0\0c\0' >"$dir/odd"
printf 'a\nb\n\nc\n' >"$dir/wanted"
"$forkpool" -0 -k --plugin "$jobs:line" <"$dir/odd" >"$dir/out"
ok '-0' cmp "$dir/wanted" "$dir/out"
run "$forkpool" -k --plugin "$jobs:raw" ::: a '' b
is 'values are put together as they are' "$out" ab
head -c 3000000 /dev/zero | tr '\0' x >"$dir/long"
"$forkpool" -k --plugin "$jobs:raw" <"$dir/long" >"$dir/out"
ok 'a line of 3 MB' cmp "$dir/long" "$dir/out"
run "$forkpool" --plugin "$jobs:nothing" ::: a b c
is 'no value: nothing' "$status $out$err" '0 '
seq 100000 | "$forkpool" --plugin "$jobs:nothing" >"$dir/out"
is 'no value, 100,000 times' "$? $(wc -c <"$dir/out")" '0 0'

"$forkpool" -j2 -k --plugin "$jobs:large" ::: ab c defg h >"$dir/out"
is 'values of 10 MiB: status' $? 0
for item in ab c defg h; do
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		yes "$item" | tr -d '\n' | head -c 1048576
	done
done >"$dir/wanted"
ok 'values of 10 MiB' cmp "$dir/wanted" "$dir/out"
# A reader that starts late loses nothing.
"$forkpool" -j2 -k --plugin "$jobs:large" ::: ab c defg h ab c defg h | (until_true test -s "$dir/wanted"; cat) >"$dir/out"
cat "$dir/wanted" "$dir/wanted" >"$dir/twice"
ok 'values of 10 MiB into a pipe' cmp "$dir/twice" "$dir/out"

run "$forkpool" -k --plugin "$jobs:line,raw,line" ::: a b
is 'several functions: each item is a job of each, in that order' "$out" 'a
aa
b
bb'
run "$forkpool" -k --tag --plugin "$jobs:line,trouble" ::: a error b
is 'several functions: one of them fails' "$status $out" "123 a	a
a	a
error	error
b	b
b	b"
(cd "$dir" && "$forkpool" --plugin jobs.so:line ::: here) >"$dir/out" 2>&1
is 'a name without a slash is of the current directory' "$(cat "$dir/out")" here

# ------------------------------------------------------------------------------------------ trouble

run "$forkpool" -j2 -k --timeout 0.5 --plugin "$jobs:trouble" ::: a segv b abort c kill d hang e exit f error g message h
is 'whatever happens to others, each item has its value' "$out" 'a
b
c
d
e
f
g
h'
is 'and the status says that some failed' "$status" 123
# shellcheck disable=SC2317
said() { printf '%s\n' "$err" | grep -q "$1"; }
for expected in 'job 2: segv: .*SIGSEGV' 'job 4: abort: .*SIGABRT' 'job 6: kill: .*SIGKILL' \
	'job 8: hang: .*0\.5' 'job 10: exit: .*3' 'job 12: error: .*Input/output error' \
	'job 14: message: .*no luck with 13'; do
	ok "standard error tells: $expected" said "^forkpool: $expected"
done
is 'in a line each' "$(printf '%s\n' "$err" | wc -l)" 7
seq 3000 | sed 's/.*0$/segv/' >"$dir/in"
"$forkpool" -j2 -k --plugin "$jobs:trouble" <"$dir/in" >"$dir/out" 2>"$dir/err"
is 'every tenth crashes: status' $? 123
grep -v segv "$dir/in" >"$dir/wanted"
ok 'every tenth crashes: all others are there' cmp "$dir/wanted" "$dir/out"
is 'every tenth crashes: each is told' "$(grep -c SIGSEGV "$dir/err")" 300
run "$forkpool" --retries 3 --plugin "$jobs:trouble" ::: segv
ok 'tried again as often as was asked for' said 'attempt 3'
run "$forkpool" -j1 -k --halt now,fail=1 --plugin "$jobs:trouble" ::: a error b
is '--halt' "$status $out" '124 a'
run "$forkpool" -j1 --plugin "$jobs:leave" ::: a
is 'a function that leaves a process behind' "$status $out" '0 a'
no_process_left 'which ends with the run'

# --------------------------------------------------------------------------------- init and options

shared counting <<'END'
#include <forkpool_plugin.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FORKPOOL_PLUGIN;
int
forkpool_plugin_init(const char *args, void **state)
{
	if (strcmp(args, "fail") == 0)
		return EDOM;
	if (strcmp(args, "crash") == 0)
		abort();
	*state = strdup(args);
	return 0;
}

void
forkpool_plugin_exit(void *state)
{
	FILE *file = getenv("TRACE") != NULL ? fopen(getenv("TRACE"), "a") : NULL;

	if (file != NULL) {
		fprintf(file, "%s\n", (char *)state);
		fclose(file);
	}
	free(state);
}

FORKPOOL_EXPORT int
show(struct forkpool_context *c, const void *a, size_t n)
{
	char text[256];

	snprintf(text, sizeof text, "<%s> %.*s\n", (const char *)forkpool_worker_state(c), (int)n, (const char *)a);
	return forkpool_reply(c, text, strlen(text));
}
END
run "$forkpool" -k --plugin "$dir/counting.so:show" --plugin-args 'some args' ::: a b
is '--plugin-args' "$status $out" '0 <some args> a
<some args> b'
run "$forkpool" -k --plugin "$dir/counting.so:show" ::: a
is 'without it' "$out" '<> a'
run "$forkpool" -k --plugin "$dir/counting.so:show" --plugin-args '' ::: a
is 'and empty' "$out" '<> a'
run "$forkpool" --plugin "$jobs:line" --plugin-args x ::: a
is 'a plug-in that would not look at it' "$status:$out:$(said '^forkpool: plug-in .*no forkpool_plugin_init.*--plugin-args' && echo said)" '1::said'
TRACE=$dir/trace "$forkpool" -j2 --plugin "$dir/counting.so:show" --plugin-args left ::: a b >"$dir/out"
is 'each worker leaves by its exit function' "$(sort -u "$dir/trace") $(wc -l <"$dir/trace")" 'left 2'
run "$forkpool" -j2 --plugin "$dir/counting.so:show" --plugin-args fail ::: a b
is 'an init that fails: status, no value' "$status $out" '123 '
ok 'an init that fails: why' said 'job 1: a: .*Numerical argument out of domain'
run "$forkpool" -j2 --plugin "$dir/counting.so:show" --plugin-args crash ::: a b
is 'an init that crashes: status, no value' "$status $out" '123 '
run "$forkpool" --plugin "$jobs:place" --wd "$dir" --nice 3 ::: a
is '--wd and --nice' "$out" "$(cd "$dir" && pwd -P) $(nice -n 3 nice)"
WORD='some thing' run "$forkpool" --plugin "$jobs:variable" ::: WORD
is 'the environment is ours' "$out" 'some thing'
WORD='some thing' run "$forkpool" --plugin "$jobs:variable" --fsize 1M ::: WORD
is 'also where jobs have a process each' "$out" 'some thing'

# ---------------------------------------------------------------------------------- limits, sandbox

if [ -n "${SANITIZE_CFLAGS:-}" ]; then
	echo '# memory is the sanitizer'\''s: no limits, no sandbox'
else
	run "$forkpool" -k --mem 100M --plugin "$jobs:memory" ::: a
	is '--mem' "$status $out" '123 '
	ok '--mem is what it names' said 'job 1: a: .*memory'
	run "$forkpool" -k --cpu 0.2 --plugin "$jobs:burn" ::: a burn b
	is '--cpu' "$status $out" '123 a
b'
	ok '--cpu is what it names' said 'job 2: burn: .*\(cpu\|processor\)'
	run "$forkpool" -k -j2 --mem 100M --plugin "$jobs:trouble" ::: a segv b
	is 'a crash beside limits' "$status $out" '123 a
b'
	"$forkpool" -j2 -k --nofile 64 --plugin "$jobs:large" ::: ab c defg h >"$dir/out"
	for item in ab c defg h; do
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			yes "$item" | tr -d '\n' | head -c 1048576
		done
	done >"$dir/wanted"
	ok 'values of 10 MiB from processes of their own' cmp "$dir/wanted" "$dir/out"
	seq 2000 >"$dir/in"
	"$forkpool" -j2 -k --nofile 64 --plugin "$jobs:line" <"$dir/in" >"$dir/out"
	ok 'many of them' cmp "$dir/in" "$dir/out"

	run "$forkpool" --sandbox --plugin "$jobs:line" ::: a
	if [ "$status" -ne 0 ]; then
		number=$((number + 1))
		echo "ok $number - --sandbox # SKIP $err"
	else
		is '--sandbox' "$out" a
		run "$forkpool" -k --sandbox --plugin "$jobs:file" ::: "$srcdir/README.md"
		is 'a sandbox has no files' "$status $out" '123 '
		run "$forkpool" -k --sandbox --readable "$srcdir/README.md" --plugin "$jobs:file" ::: "$srcdir/README.md"
		is 'but those opened up' "$status $out" "0 $srcdir/README.md"
		run "$forkpool" -k -j2 --sandbox --plugin "$jobs:trouble" ::: a segv error b
		is 'trouble in a sandbox' "$status $out" '123 a
b'
		WORD='some thing' run "$forkpool" --sandbox --env WORD --plugin "$jobs:variable" ::: WORD
		is 'and in a sandbox' "$out" 'some thing'
		run "$forkpool" --sandbox --plugin "$dir/counting.so:show" --plugin-args inside ::: a
		is 'init in a sandbox' "$status $out" '0 <inside> a'
	fi
fi

# ------------------------------------------------------------------------------------------ loading

# refused NAME WANTED FILE:FUNCTION: tests: one line, status 1, and no file was touched
refused() {
	run "$forkpool" --plugin "$3" --joblog "$dir/joblog" ::: a
	is "$1" "$status $out$err" "1 forkpool: plug-in $2"
	ok "$1: before anything else" test ! -e "$dir/joblog"
}
refused 'no file' "$dir/nothing.so: there is no such file" "$dir/nothing.so:work"
refused 'no shared object' "$dir/jobs.c: is not a shared object" "$dir/jobs.c:work"
refused 'a directory' "$dir: is a directory, not a shared object" "$dir:work"
refused 'no such function' "$dir/counting.so: has no function work; it has: show" "$dir/counting.so:work"
refused 'one of several' "$dir/counting.so: has no function work; it has: show" "$dir/counting.so:show,work"
libc=$(ldd "$forkpool" 2>/dev/null | awk '/libc\.so/ { print $3 }')
if [ -f "${libc:-/nothing}" ]; then
	refused 'a library' "$libc: is not a plug-in: FORKPOOL_PLUGIN of <forkpool_plugin.h> is not in it" "$libc:puts"
fi
for what in 'segv raise(SIGSEGV) crashed while it was loaded: SIGSEGV' \
	'exit exit(0) ended the process while it was loaded, with exit status 0'; do
	name=${what%% *}
	rest=${what#* }
	shared "bad-$name" <<-END
		#include <forkpool_plugin.h>
		#include <signal.h>
		#include <stdlib.h>
		FORKPOOL_PLUGIN;
		FORKPOOL_EXPORT int work(struct forkpool_context *c, const void *a, size_t n)
		{ return forkpool_reply(c, a, n); }
		__attribute__((constructor)) static void begin(void) { ${rest%% *}; }
	END
	refused "${rest#* }" "$dir/bad-$name.so: ${rest#* }" "$dir/bad-$name.so:work"
done

if [ -n "${CXX:-}" ]; then
	cat >"$dir/cxx.cc" <<-'END'
		#include <forkpool_plugin.h>
		#include <stdexcept>
		#include <string>
		FORKPOOL_PLUGIN;
		FORKPOOL_EXPORT int work(struct forkpool_context *c, const void *a, size_t n)
		{
			std::string item(static_cast<const char *>(a), n);
			if (item == "throw")
				throw std::runtime_error("thrown");
			item += "\n";
			return forkpool_reply(c, item.data(), item.size());
		}
		int forgotten(struct forkpool_context *, const void *, size_t) { return 0; }
	END
	$CXX -shared -fPIC -I"$srcdir/include" -o "$dir/cxx.so" "$dir/cxx.cc"
	run "$forkpool" -k --plugin "$dir/cxx.so:work" ::: a throw b
	is 'C++: an exception costs one item' "$status $out" '123 a
b'
	run "$forkpool" -k --plugin "$dir/cxx.so:forgotten" ::: a
	ok 'C++: a function without FORKPOOL_EXPORT' said 'has no function forgotten; it has: work; as _Z9forgotten.*: declare it'
fi

# ------------------------------------------------------------------------------------------ example

shared plugin <"$srcdir/examples/plugin.c"
example=$dir/plugin.so
printf '%s\n' 'name = value' 'a longer line, with a comma' '' '=' 'x=1' >"$dir/in"
"$forkpool" -k --plugin "$example:checksum" <"$dir/in" >"$dir/out"
while IFS= read -r line; do
	printf '%s %s\n' "$(printf %s "$line" | cksum)" "$line"
done <"$dir/in" >"$dir/wanted"
ok 'example: checksum is that of cksum' cmp "$dir/wanted" "$dir/out"
"$forkpool" -k --plugin "$example:match" --plugin-args '^(a|x)' <"$dir/in" >"$dir/out"
grep -E '^(a|x)' "$dir/in" >"$dir/wanted"
ok 'example: match is grep' cmp "$dir/wanted" "$dir/out"
printf 'plain\n\303\251\nbad\377\n' >"$dir/in"
run "$forkpool" -k --plugin "$example:utf8" -a "$dir/in"
is 'example: utf8, status' "$status $out" '123 '
ok 'example: utf8, where' said 'job 3: .*byte 4'
run "$forkpool" -k --plugin "$example:setting" ::: a=1 b c=3=3 d=
is 'example: setting has a bug' "$status $out" '123 1
3=3'
ok 'example: which is told' said 'job 2: b: .*SIGSEGV'
no_process_left 'no process is left'
done_testing
