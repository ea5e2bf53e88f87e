#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The USDT probes of the library are in the file, with their arguments, and tracers that are installed see them.
# Run in the build directory.
# shellcheck disable=SC1091,SC2154
. "${srcdir:-.}/tests/support/tool-lib.sh"

grep -q '^#define HAVE_PROBES 1' config.h || skip_all 'this build has no probes: configure says why'
[ -f .libs/libforkpool.so ] || skip_all 'no shared library was built'
# Use a copy: bpftrace sees the jobs of every process that runs the file, also of other tests.
mkdir "$dir/lib"
cp -P .libs/libforkpool.so* "$dir/lib"
library=$dir/lib/libforkpool.so
program=$PWD/.libs/forkpool
LD_LIBRARY_PATH=$dir/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH

has() {
	command -v "$1" >/dev/null 2>&1
}

skip() { # NAME WHY
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# ---------------------------------------------------------------------------------------- the file

wanted='job__claim 2
job__done 3
job__submit 2
worker__death 3'
if has readelf; then
	# The provider's probes, each with its number of arguments, on which copies that the compiler made agree.
	readelf -n "$library" | awk '
		/Provider:/ { own = $2 == "forkpool" }
		/Name:/ { name = $2 }
		/Arguments:/ && own { print name, NF - 1 }' | sort -u >"$dir/probes"
	is 'the four probes, with their arguments' "$(cat "$dir/probes")" "$wanted"
	is 'each in one place: perf takes no more' "$(readelf -n "$library" | awk '
		/Provider:/ { own = $2 == "forkpool" }
		/Name:/ && own { print $2 }' | sort | uniq -d)" ''
	# For such an argument a tracer needs the table of symbols, which an installed file need not have.
	is 'none is in memory named by a symbol' "$(readelf -n "$library" | awk '/Arguments:.*[A-Za-z_]+\(%rip\)/')" ''
else
	skip 'the four probes, with their arguments' 'there is no readelf'
fi

[ -x "$program" ] || {
	echo '# the command is not built, and there is nothing to trace'
	done_testing
}

# ------------------------------------------------------------------------------------------- gdb

# Three jobs that end well, one that fails, one that kills its worker.
cat >"$dir/job" <<'END_OF_JOB'
#!/bin/sh
case $1 in
fail) exit 3 ;;
kill) kill -KILL $PPID ;;
esac
END_OF_JOB
chmod +x "$dir/job"

cat >"$dir/gdb" <<END_OF_GDB
set breakpoint pending off
set confirm off
set pagination off
set debuginfod enabled off
set startup-with-shell off
break main
run
delete 1
break -probe-stap forkpool:job__submit
commands
silent
printf "probe submit %lu\\n", (unsigned long)\$_probe_arg0
continue
end
break -probe-stap forkpool:job__done
commands
silent
printf "probe result %lu %d %d\\n", (unsigned long)\$_probe_arg0, (int)\$_probe_arg1, (int)(\$_probe_arg2 > 0)
continue
end
break -probe-stap forkpool:worker__death
commands
silent
printf "probe death %d %d\\n", (int)\$_probe_arg0, (int)\$_probe_arg2
continue
end
info probes stap forkpool
continue
END_OF_GDB

# With -j1 the order of the jobs is known.  Outcomes are numbers of forkpool.h: 3, as a command has exited, and 9, lost.
# Status 9 is SIGKILL.
gdb_sees() {
	timeout 120 gdb -nx -batch -x "$dir/gdb" --args "$program" -j1 --quiet "$dir/job" ::: a b fail kill c \
		</dev/null >"$dir/gdb.out" 2>&1
	grep '^probe ' "$dir/gdb.out"
}
if ! has gdb; then
	skip 'gdb sees them' 'there is no gdb'
elif ! timeout 60 gdb -nx -batch -ex run --args true </dev/null 2>&1 | grep -q 'exited normally'; then
	skip 'gdb sees them' 'gdb cannot run a program here'
else
	gdb_sees >"$dir/seen"
	is 'gdb lists them' "$(awk '$1 == "stap" && $2 == "forkpool" { print $3 }' "$dir/gdb.out" | sort -u)" \
		"$(printf '%s\n' "$wanted" | cut -d' ' -f1)"
	is 'gdb sees each job handed in, in order' "$(grep submit "$dir/seen")" 'probe submit 1
probe submit 2
probe submit 3
probe submit 4
probe submit 5'
	# The job after a death may be reported before the death.
	is 'and its result, with the outcome and that it took time' "$(grep result "$dir/seen" | sort)" 'probe result 1 3 1
probe result 2 3 1
probe result 3 3 1
probe result 4 9 1
probe result 5 3 1'
	is 'and the worker that died, of SIGKILL' "$(grep death "$dir/seen")" 'probe death 0 9'
	[ "$failed" -eq 0 ] || sed 's/^/# /' "$dir/gdb.out" | tail -n 30
fi

# --------------------------------------------------------------------------------------- bpftrace

# bpftrace prints the figures at its end; the line that it prints at the beginning shows that it is tracing.
cat >"$dir/bt" <<END_OF_BT
BEGIN { printf("looking\n"); }
usdt:$library:forkpool:job__submit { @submitted = count(); @numbers = sum(arg0); }
usdt:$library:forkpool:job__claim { @claimed[arg1] = count(); }
usdt:$library:forkpool:job__done { @done[arg1] = count(); @run = sum(arg2); }
usdt:$library:forkpool:worker__death { @died[arg0, arg2] = count(); }
END_OF_BT
looking() {
	grep -q looking "$dir/bt.out" || ! kill -0 "$tracer" 2>/dev/null
}
if ! has bpftrace; then
	skip 'bpftrace sees them' 'there is no bpftrace'
elif [ "$(id -u)" -ne 0 ]; then
	skip 'bpftrace sees them' 'it is for root'
elif ! timeout 60 bpftrace -e 'BEGIN { printf("looking\n"); exit(); }' 2>/dev/null | grep -q looking; then
	skip 'bpftrace sees them' 'it cannot trace here'
else
	timeout 120 bpftrace "$dir/bt" >"$dir/bt.out" 2>"$dir/bt.err" &
	tracer=$!
	ok 'bpftrace looks on' until_true looking
	run "$program" -j1 --quiet "$dir/job" ::: a b fail kill c
	kill -INT "$tracer"
	wait "$tracer"
	sed -n 's/^@//p' "$dir/bt.out" | grep -v '^run:' | sort >"$dir/seen"
	# Another worker replaces the one that was killed.
	is 'bpftrace sees jobs handed in, claimed and done, and the death' "$(cat "$dir/seen")" 'claimed[0]: 5
died[0, 9]: 1
done[3]: 4
done[9]: 1
numbers: 15
submitted: 5'
	ok 'and for how long they ran' test "$(sed -n 's/^@run: //p' "$dir/bt.out")" -gt 0
	[ "$failed" -eq 0 ] || sed 's/^/# /' "$dir/bt.out" "$dir/bt.err" | tail -n 30
fi
no_process_left 'no process is left'
done_testing
