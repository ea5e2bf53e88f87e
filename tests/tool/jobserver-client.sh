#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The command forkpool and GNU make's jobserver: as a client, of make and of jobservers of our own.
# Run in the build directory.
# shellcheck disable=SC1091,SC2154,SC2016
. "${srcdir:-.}/tests/support/tool-lib.sh"
. "${srcdir:-.}/tests/support/jobserver-lib.sh"

# From 4.4 on make takes FIFOs unless it is told otherwise.
piped=
case $("$make" --version) in
'GNU Make 4.'[23]*) ;;
*) piped=--jobserver-style=pipe ;;
esac

# Prints how often make has said that a token is missing, or that there is one too many.
lost() {
	printf '%s\n' "$out" "$err" | grep -c 'INTERNAL: Exiting with'
}
# run_make ARGUMENTS...: make with a jobserver of pipes
run_make() {
	rm -f log
	run "$make" $piped --no-print-directory "$@"
}

# ------------------------------------------------------------------------------------------ of make

cat >Makefile <<'EOF'
one:
	+@forkpool job log ::: 3 3 3
EOF
run_make -j3 one
is 'all tokens are used: as many jobs at a time as make -j says' "$status:$(most log):$(lost):$err" 0:3:0:

# The jobs x and y run until ours are through, so that the log shows too many of ours at a time.
cat >Makefile <<'EOF'
all: ours x y
ours:
	+@forkpool sh -c 'echo + >>log; sleep 0.02; echo - >>log; echo >>count' ::: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; : >through
x y:
	@job log 1; echo + >>log; await through; echo - >>log
EOF
run_make -j3 all
is 'never more jobs than tokens, with others in the same make' "$status:$(($(most log) <= 3)):$(lost):$(wc -l <count)" 0:1:0:16
rm -f through count

cat >Makefile <<'EOF'
fail:
	+@-forkpool --quiet false ::: 1 2 3 4 5 6 7 8
timeout:
	+@-forkpool --quiet --timeout 0.1 sleep ::: 60 60 60 60 60 60
killed:
	+@-forkpool --quiet sh -c 'kill -KILL $$$$' ::: 1 2 3 4 5 6 7 8
crash:
	+@-forkpool --quiet sh -c 'kill -SEGV $$$$' ::: 1 2 3 4 5 6 7 8
retried:
	+@-forkpool --quiet --retries 3 false ::: 1 2 3 4 5 6 7 8
halted:
	+@-forkpool --quiet --halt now,fail=1 sh -c 'case $$0 in 3) exit 1 ;; esac; sleep 60' ::: 1 2 3 4 5 6 7 8
missing:
	+@-forkpool --quiet '{}' ::: ./missing-1 ./missing-2 ./missing-3 ./missing-4
blocks:
	+@-seq 3000 | forkpool --quiet --retries 2 --pipe --block 1K sh -c 'cat >/dev/null; exit 1'
closed:
	+@-forkpool --lb yes ::: 1 2 3 4 | head -n 1 >/dev/null
wasted:
	+@set -- $$(auth); head -c 1 <"$$1" >/dev/null
EOF
for goal in fail timeout killed crash retried halted missing blocks closed; do
	run_make -j4 $goal
	is "tokens are back: $goal" "$status:$(lost)" 0:0
done
run_make -j4 wasted
is 'make would have told otherwise' "$(lost)" 1

# sent NAME STATUS SIGNAL...: make runs forkpool, whose jobs hold tokens; it gets the signals, one
# after another, and ends with that status
default=
env --default-signal=INT true 2>/dev/null && default='env --default-signal=HUP,INT,QUIT'
cat >bin/lines <<'EOF'
#!/bin/sh
tries=0
until [ "$(wc -l <"$1")" -ge "$2" ]; do
	sleep 0.05
	tries=$((tries + 1))
	[ $tries -lt 1200 ] || exit 9
done
EOF
chmod +x bin/lines
cat >Makefile <<'EOF'
sent:
	+@$(default) forkpool --quiet --grace 30 sh -c ': >"begun-$$0"; exec sleep 60' ::: 1 2 3 4 5 6 2>said & pid=$$!; \
	for i in 1 2 3; do await begun-$$i || exit; done; \
	n=0; for signal in $(signals); do lines said $$n; kill -$$signal $$pid; n=$$((n + 1)); done; \
	wait $$pid; echo "status $$?"
EOF
sent() {
	name=$1 wanted=$2
	shift 2
	rm -f begun-* said
	run_make -j3 sent signals="$*" default="$default"
	is "tokens are back: $name" "$status:$out:$(lost)" "0:status $wanted:0"
}
sent SIGTERM 143 TERM
sent 'SIGHUP, then SIGTERM' 129 HUP TERM
case $default in
'') echo '# env cannot give back the default of SIGINT here' ;;
*)
	sent 'SIGINT twice' 130 INT INT
	sent 'SIGQUIT' 131 QUIT
	;;
esac
sent 'SIGSEGV of the tool' 139 SEGV
sent 'SIGALRM of the tool' 142 ALRM
rm -f begun-* said
run_make -j3 sent signals=KILL
is 'but SIGKILL of the tool cannot be undone, as make says' "$status:$(lost)" 0:1
no_process_left 'and no process is left of all these'

# A job that is a make takes part in the same jobserver.
cat >Makefile <<'EOF'
all: ours other
ours:
	+@forkpool $(MAKE) -f inner.mk ::: all all all all; : >through
other:
	@echo + >>log; await through; echo - >>log
full:
	+@forkpool $(MAKE) -f inner.mk ::: wait
EOF
run_make -j3 all
is 'makes in jobs share the tokens' "$status:$(($(most log) <= 3)):$(lost):$(grep -c + log):$err" 0:1:0:17:
rm -f through
run_make -j4 full
is 'and can have all of them' "$status:$(most log):$(lost)" 0:4:0

cat >Makefile <<'EOF'
plain:
	@forkpool -k sh -c 'echo + >>log; echo - >>log; echo "$$0"' ::: 1 2 3
given:
	+@forkpool -j4 job log ::: 4 4 4 4
xargs:
	@seq 3 | forkpool --compat=xargs -P 2 -n 1 echo
dry:
	+@forkpool touch ::: made
EOF
run_make -j3 plain
is 'a recipe without + gets no tokens: a line says so, and one job runs at a time' \
	"$status:$(most log):$(printf '%s' "$out" | tr '\n' ' '):$(printf '%s\n' "$err" | grep -c '^forkpool: .*put + before'):$(printf '%s\n' "$err" | wc -l)" '0:1:1 2 3:1:1'
run_make -j2 given
is '-j given by hand turns it off' "$status:$(most log):$(lost):$err" 0:4:0:
run_make -j2 xargs
is 'as xargs there is none' "$status:$err" 0:
run_make -j2 -n dry
is 'make -n: commands are shown and not run' "$status:$(printf '%s\n' "$out" | grep -cx 'touch made'):$([ -e made ] && echo made)" 0:1:

# ----------------------------------------------------------------------------------------- by hand

# serve.py STYLE TOKENS COMMAND...: a jobserver with these bytes as tokens.  At the end it tells
# whether all of them are back and whether the flags of the pipe have changed.
cat >serve.py <<'EOF'
import ctypes, fcntl, os, sys, time
style, tokens, command = sys.argv[1], sys.argv[2].encode(), sys.argv[3:]
nonblock = style.endswith("-nonblock")
if style == "fifo":
    path = os.path.abspath("served")
    os.mkfifo(path)
    r = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    w = os.open(path, os.O_WRONLY)
    flags = "--jobserver-auth=fifo:" + path
else:
    r, w = os.pipe()
    os.set_inheritable(r, True)
    os.set_inheritable(w, True)
    os.set_blocking(r, not nonblock)
    flags = "--jobserver-%s=%d,%d" % ("fds" if style == "fds" else "auth", r, w)
os.write(w, tokens)
os.environ["MAKEFLAGS"] = " -j%d %s" % (len(tokens) + 1, flags)
before = fcntl.fcntl(r, fcntl.F_GETFL), fcntl.fcntl(w, fcntl.F_GETFL)
pid = os.fork()
if pid == 0:
    if style == "closed":
        # Nobody can open the pipe once more: neither its owner, nor root without CAP_DAC_OVERRIDE
        # and CAP_DAC_READ_SEARCH.
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in 1, 2:
            libc.prctl(24, capability, 0, 0, 0)
        os.fchmod(r, 0)
        os.execvp(sys.executable, [sys.executable, "-c", """
import os, sys
try:
    os.open("/dev/fd/%s" % sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)
    print("it could be opened")
except PermissionError:
    pass
os.execvp(sys.argv[2], sys.argv[2:])
""", str(r)] + command)
    os.execvp(command[0], command)
if style == "watched":
    # Both jobs run, so the token is taken: the second job ends only after the token is back.
    while not os.path.exists("both"):
        time.sleep(0.05)
    token = os.read(r, 1)
    open("released", "w").close()
    os.write(w, token)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
same = before == (fcntl.fcntl(r, fcntl.F_GETFL), fcntl.fcntl(w, fcntl.F_GETFL))
os.set_blocking(r, False)
try:
    back = os.read(r, 1000)
except BlockingIOError:
    back = b""
if style == "fifo":
    os.unlink(path)
print("status %d, tokens %s, flags %s" % (status, "back" if sorted(back) == sorted(tokens) else back, "same" if same else "changed"))
EOF
if [ -n "$python" ]; then
	for style in auth fds auth-nonblock fifo closed; do
		rm -f log
		run "$python" serve.py $style abc forkpool job log ::: 4 4 4 4 4 4 4 4
		is "tokens of $style: all are used, and the bytes that were read go back" "$out:$(most log):$err" \
			'status 0, tokens back, flags same:4:'
	done
	rm -f log released both
	run "$python" serve.py watched a forkpool --shell '
		echo + >>log
		lines log 2
		: >both
		case $1 in stays) await released ;; esac' ::: ends stays
	is 'a token goes back when a job ends, and not when all have' "$out:$err" 'status 0, tokens back, flags same:'
	# The pipe is empty for as long as the jobs run.
	rm -f log
	run "$python" serve.py auth '' forkpool -k sh -c 'echo + >>log; echo - >>log' ::: 1 2 3
	is 'no token at all: one job at a time' "$out:$(most log)" 'status 0, tokens back, flags same:1'
	rm -f log
	run "$python" serve.py auth xy forkpool --quiet --plugin ./none.so:f
	is 'a run that cannot begin' "$out" 'status 1, tokens back, flags same'
	run "$python" serve.py fifo xy forkpool --json --results-json /dev/full sh -c 'sleep 0.05' ::: 1 2 3 4
	is 'a full disk' "${out##*status }" '1, tokens back, flags same'
	# poll() fails while jobs run, so that the tool has to end.
	cat >poll.c <<'EOF'
#include <errno.h>
#include <poll.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <time.h>
static pid_t owner;
__attribute__((constructor)) static void begin(void) { owner = getpid(); }
int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec t = { timeout / 1000, timeout % 1000 * 1000000L };

	if (getpid() == owner && access("begun", F_OK) == 0) {
		errno = ENOMEM;
		return -1;
	}
	return ppoll(fds, n, timeout < 0 ? NULL : &t, NULL);
}
EOF
	rm -f begun
	if [ -z "${SANITIZE_CFLAGS:-}" ] && ${CC:-cc} -D_GNU_SOURCE -shared -fPIC -o poll.so poll.c 2>cc.err; then
		run "$python" serve.py auth xyz env LD_PRELOAD="$dir/poll.so" forkpool \
			sh -c 'echo + >>log; lines log 3; : >begun; echo; exec sleep 60' ::: 1 2 3 4 5 6
		is 'an error that ends it while jobs run' "$out:$err" \
			'status 1, tokens back, flags same:forkpool: cannot wait for jobs: Cannot allocate memory'
	else
		echo '# no compiler here, or one with sanitizers'
	fi
	run "$python" serve.py fifo xy forkpool --sandbox sh -c 'echo "<$MAKEFLAGS>"' ::: 1
	no_sandbox || is 'a sandboxed job is told of none' "$out" "<>
status 0, tokens back, flags same"
else
	echo '# no python3: no jobserver by hand'
fi

# refused NAME TEXT MAKEFLAGS: a test: one line has that text, and the jobs run one at a time
refused() {
	rm -f log
	run env MAKEFLAGS="$3" forkpool -k sh -c 'echo + >>log; echo - >>log; echo "$0"' ::: 1 2 3
	fine=1
	case $err in "forkpool: make's jobserver "*"$2"*) fine=0 ;; esac
	[ "$(printf '%s\n' "$err" | wc -l)" -eq 1 ] || fine=1
	[ "$status:$(printf '%s' "$out" | tr '\n' ' '):$(most log)" = '0:1 2 3:1' ] || fine=1
	report "MAKEFLAGS: $1" $fine
	[ $fine -eq 0 ] || printf '%s\n' "$status" "$out" "$err" | sed 's/^/# /'
}
: >file
mkfifo unserved
refused 'closed descriptors' 'descriptor 57 is not open here (put +' ' -j3 --jobserver-auth=57,58'
refused 'standard ones' 'descriptor 0 is a standard one' ' -j3 --jobserver-auth=0,1'
refused 'negative ones' 'make keeps it from this recipe (put +' ' -j3 --jobserver-auth=3,4 --jobserver-auth=-2,-2'
refused 'nonsense' 'abc is of no kind that is known here' ' -j3 --jobserver-auth=abc'
refused 'nothing' "'' is of no kind" ' -j3 --jobserver-auth='
refused 'control characters' "'\\033[2J' is of no kind" "--jobserver-auth=$(printf '\033')[2J"
refused 'huge numbers' 'is of no kind' ' -j3 --jobserver-auth=99999999999,4'
refused 'large ones' 'is not open here' ' -j3 --jobserver-auth=2147483646,2147483647'
refused 'a FIFO that is not there' 'No such file' ' -j3 --jobserver-auth=fifo:/nonexistent/fifo'
refused 'a file' 'file is no FIFO' " -j3 --jobserver-auth=fifo:$dir/file"
refused 'a directory' 'is no FIFO' " -j3 --jobserver-auth=fifo:$dir"
refused 'a FIFO that nobody serves' 'nobody serves' " -j3 --jobserver-auth=fifo:$dir/unserved"
refused 'a device that ends' 'has come to an end' ' -j3 --jobserver-auth=fifo:/dev/null'
exec 5<file 6>>file
refused 'a file for a pipe' 'descriptor 5 is no pipe' ' -j3 --jobserver-auth=5,6'
exec 5<&- 6>&-
exec 7<>unserved 5<unserved 6>unserved 7<&-
refused 'wrong ends' 'descriptor 6 is the wrong end' ' -j3 --jobserver-auth=6,5'
refused 'one end twice' 'descriptor 5 is the wrong end' ' -j3 --jobserver-auth=5,5'
mkfifo another
exec 7<>another
refused 'two pipes' 'are of two pipes' ' -j3 --jobserver-auth=5,7'
exec 5<&- 6>&- 7<&-
rm -f log
run env MAKEFLAGS='k -- N=1' forkpool -k echo ::: 1 2
is 'MAKEFLAGS without a jobserver says nothing' "$status:$out:$err" '0:1
2:'

# ---------------------------------------------------------------------------- what the manual shows

# The Makefile in the manual's section JOBSERVER.
awk '/^\.Sh / { there = $2 == "JOBSERVER" } there && /^\.Ed/ { exit } there && lines; there && /^\.Bd/ { lines = 1 }' \
	"$srcdir/man/forkpool.1" | sed 's/\\e/\\/g' >Makefile
mkdir lib
printf 'all: 1 2\n1 2:\n\t@echo made $@\n' >lib/Makefile
echo text >a.txt
echo text >b.txt
run_make -j3
is 'the Makefile in the manual' "$status:$(printf '%s\n' "$out" | grep -c '^made'):$(ls ./*.gz | tr '\n' ' '):$err" '0:2:./a.txt.gz ./b.txt.gz :'
no_process_left 'no process is left at the end'
done_testing
