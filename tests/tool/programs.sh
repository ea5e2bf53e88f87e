#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Programs that people run, each for real in a sandbox: as root, and as an ordinary user.  Where root runs this, both.
# shellcheck disable=SC2016 # the commands expand what stands in quotes
. "${srcdir:-.}/tests/support/tool-lib.sh"
chmod 755 "$dir"
PATH=$PATH:/usr/bin:/bin

skip() { # NAME WHY
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# tried USER OPTION... COMMAND: run, as that user
tried() {
	user=$1
	shift
	case $user in
	root) run "$forkpool" --sandbox "$@" ;;
	*) run $become "$forkpool" --sandbox "$@" ;;
	esac
}
become=
case $(id -u) in
0)
	if command -v setpriv >/dev/null; then
		users='root user'
		become='setpriv --reuid 54321 --regid 54321 --clear-groups'
	else
		users=root
	fi
	;;
*) users=user ;;
esac

# has PROGRAM NAME: 0, or the test is skipped
has() {
	command -v "$1" >/dev/null 2>&1 || { skip "$2" "there is no $1"; return 1; }
}
# The shells that look for a program in a home directory (pyenv, rustup) find nothing in a sandbox.
real() { # PROGRAM: its file outside home directories, if there is one
	for at in /usr/bin /usr/local/bin /bin; do
		if [ -x "$at/$1" ]; then
			echo "$at/$1"
			return
		fi
	done
}

# A directory that jobs of any user may write to.
shared=$dir/shared
mkdir "$shared"
chmod 1777 "$shared"

mkdir -p "$dir/made/sub"
echo text >"$dir/made/sub/file"
chmod 750 "$dir/made/sub/file"
ln -s sub/file "$dir/made/link"
TZ=UTC touch -t 200102030405 "$dir/made/sub/file"
tar -C "$dir" -cf "$dir/made.tar" made 2>/dev/null
cat >"$dir/pool.py" <<'END'
import multiprocessing as mp
from multiprocessing import shared_memory

def square(x):
    return x * x

if __name__ == '__main__':
    with mp.Pool(2) as pool:
        print(sum(pool.map(square, range(100))))
    lock, queue = mp.Semaphore(1), mp.Queue()
    with lock:
        child = mp.Process(target=queue.put, args=('from a child',))
        child.start()
        print(queue.get())
        child.join()
    block = shared_memory.SharedMemory(create=True, size=1 << 16)
    block.buf[0] = 7
    print(block.buf[0])
    block.close()
    block.unlink()
END
cat >"$dir/Main.java" <<'END'
public class Main {
    public static void main(String[] args) throws Exception {
        long[] sum = new long[4];
        Thread[] threads = new Thread[4];
        for (int i = 0; i < 4; i++) {
            final int n = i;
            threads[i] = new Thread(() -> { for (int k = 0; k < 1000000; k++) sum[n] += k % 7; });
            threads[i].start();
        }
        for (Thread thread : threads)
            thread.join();
        byte[][] memory = new byte[64][];
        for (int i = 0; i < 64; i++)
            memory[i] = new byte[1 << 20];
        System.out.println("ran " + (sum[0] == sum[3]) + " " + memory.length);
    }
}
END
cat >"$dir/Makefile" <<'END'
all: two
one:
	echo one >one
two: one
	cat one
	echo two
END
cat >"$dir/main.c" <<'END'
#include <stdio.h>

int
main(void)
{
	return puts("ran") < 0;
}
END
echo 'int more;' >"$dir/more.c"
cat >"$dir/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.10)
project(it C)
add_executable(it main.c)
END
cat >"$dir/configure.ac" <<'END'
AC_INIT([it], [1])
AC_PROG_CC
AC_CHECK_FUNCS([fork])
AC_CONFIG_FILES([Makefile])
AC_OUTPUT
END
printf 'it: main.c\n\t@CC@ -o it main.c\n' >"$dir/Makefile.in"
cat >"$dir/leak.c" <<'END'
#include <stdio.h>
#include <stdlib.h>

void *volatile leaked;

int
main(void)
{
	leaked = malloc(10);
	leaked = NULL;
	return puts("ran") < 0;
}
END
# Only where it finds leaks outside.
if gcc -fsanitize=address -o "$dir/leak" "$dir/leak.c" 2>/dev/null && "$dir/leak" >/dev/null 2>&1; then
	rm -f "$dir/leak"
fi
chmod -R a+rX "$dir"

for user in $users; do
	name() { echo "$user: $*"; }
	tried "$user" true ::: 1
	if no_sandbox; then
		skip "$(name all)" 'no sandbox with a root of its own here'
		continue
	fi

	tried "$user" sh -c 'seq 100000 | grep 5 >/dev/null && echo found' ::: 1
	is "$(name grep in a pipe, to /dev/null)" "$status:$out:$err" 0:found:
	if has gcc "$(name gcc)"; then
		tried "$user" --readable "$dir" sh -c 'cd /tmp && gcc -O2 -o a.out "$0/main.c" && ./a.out' ::: "$dir"
		is "$(name gcc, and what it has made)" "$status:$out:$err" 0:ran:
		tried "$user" --readable "$dir" --writable "$shared" sh -c 'cd "$2" && gcc -o "$1.out" "$0/main.c" && "./$1.out"' "$dir" "$user" ::: "$shared"
		is "$(name gcc, in a writable directory)" "$status:$out:$err" 0:ran:
	fi
	if has make "$(name make)"; then
		for jobs in '' -j2; do
			tried "$user" --readable "$dir" sh -c 'cd /tmp && make -s $1 -f "$0/Makefile"' "$dir" ::: "$jobs"
			is "$(name make "$jobs")" "$status:$out:$err" '0:one
two:'
		done
	fi
	if has cmake "$(name cmake)" && has make "$(name cmake)" && has gcc "$(name cmake)"; then
		tried "$user" --readable "$dir" sh -c 'cd /tmp && cp "$0/main.c" "$0/CMakeLists.txt" . && cmake -S . -B o >log 2>&1 && cmake --build o -j2 >>log 2>&1 && o/it' ::: "$dir"
		is "$(name cmake, and a build by it)" "$status:$out:$err" 0:ran:
	fi
	if has autoconf "$(name autoconf)" && has make "$(name autoconf)" && has gcc "$(name autoconf)"; then
		tried "$user" --readable "$dir" sh -c 'mkdir /tmp/configured && cd /tmp/configured && cp "$0/main.c" "$0/configure.ac" "$0/Makefile.in" . && autoconf && ./configure -q && make -s && ./it' ::: "$dir"
		is "$(name autoconf, ./configure and make)" "$status:$out:$err" 0:ran:
	fi
	if has git "$(name git)"; then
		tried "$user" sh -c 'cd /tmp && git init -q repository 2>/dev/null && cd repository && git config user.email a@b && git config user.name a && echo it >f && git add f && git commit -qm m && git clone -q . ../clone && cat ../clone/f && git gc -q' ::: 1
		is "$(name git)" "$status:$out:$err" 0:it:
	fi
	# gcc makes its threads of the optimizer by make.
	if has gcc "$(name gcc -flto)" && has make "$(name gcc -flto)"; then
		tried "$user" --readable "$dir" sh -c 'cd /tmp && gcc -O2 -flto=2 -o a.out "$0/main.c" "$0/more.c" && ./a.out' ::: "$dir"
		is "$(name gcc -flto=2)" "$status:$out:$err" 0:ran:
	fi
	if [ -x "$dir/leak" ]; then
		tried "$user" --readable "$dir" --env ASAN_OPTIONS=detect_leaks=0 --timeout 60s "$dir/leak" -- ::: -
		is "$(name a program with AddressSanitizer)" "$status:$out:$err" 0:ran:
		tried "$user" --readable "$dir" --timeout 60s "$dir/leak" -- ::: -
		case $err in
		*'LeakSanitizer has encountered a fatal error'*"exit status 1") report "$(name one that cannot look for leaks says so)" 0 ;;
		*) is "$(name one that cannot look for leaks says so)" "$status:$out:$err" 'a fatal error' ;;
		esac
	else
		skip "$(name AddressSanitizer)" 'there is no gcc with a LeakSanitizer'
	fi
	if has tar "$(name tar)"; then
		tried "$user" --readable "$dir" sh -c 'cd /tmp && tar xf "$0/made.tar" && cat made/link && TZ=UTC ls -lL --time-style=long-iso made/sub/file' ::: "$dir"
		is "$(name tar, with modes, times and links)" "$status:$(echo "$out" | sed 's/ .* 2001/ 2001/' | sed 's/ [^ ]*$//'):$err" '0:text
-rwxr-x--- 2001-02-03 04:05:'
		tried "$user" --readable "$dir" --writable "$shared" sh -c 'cd "$2" && mkdir "$1" && tar -C "$1" -xf "$0/made.tar" && cat "$1/made/link"' "$dir" "$user" ::: "$shared"
		is "$(name tar, into a writable directory)" "$status:$out:$err" 0:text:
	fi
	tried "$user" --readable "$dir" sh -c 'cd /tmp && install -d -m 700 new && install -m 640 -p "$0/made/sub/file" new/it && stat -c %a new new/it' ::: "$dir"
	is "$(name install)" "$status:$out:$err" '0:700
640:'
	tried "$user" sh -c 'cd /tmp && mkfifo f && ln -s f l && { echo through >f & } && cat l && touch -d 2001-02-03 f && cp -a f g && stat -c %F f g l' ::: 1
	is "$(name mkfifo, links, times)" "$status:$out:$err" '0:through
fifo
fifo
symbolic link:'
	python=$(real python3)
	if [ -z "$python" ]; then
		skip "$(name python3)" 'there is no python3'
	else
		tried "$user" sh -c '"$0" -m venv --without-pip /tmp/v && /tmp/v/bin/python -c "import sys; print(sys.prefix)"' ::: "$python"
		is "$(name python3 -m venv)" "$status:$out:$err" 0:/tmp/v:
		tried "$user" --readable "$dir" "$python" "$dir/pool.py" -- ::: -
		is "$(name multiprocessing of Python)" "$status:$out:$err" '0:328350
from a child
7:'
	fi
	if has java "$(name java)"; then
		if command -v javac >/dev/null; then
			tried "$user" --readable "$dir" sh -c 'cd /tmp && javac -J-Xmx512m -d . "$0/Main.java" && java -Xmx512m Main' ::: "$dir"
			is "$(name javac and java with 512 MiB)" "$status:$out:$err" '0:ran true 64:'
		else
			tried "$user" java -Xmx512m -version -- ::: -
			is "$(name java with 512 MiB)" "$status" 0
		fi
	fi
	if has cargo "$(name cargo)"; then
		# The toolchain itself: the cargo that is found may be rustup's, which chooses one.
		sysroot=$(rustc --print sysroot 2>/dev/null)
		if [ -x "$sysroot/bin/cargo" ] && { [ "$user" = root ] || $become test -r "$sysroot/bin/cargo"; }; then
			tried "$user" --readable "$sysroot" --env "PATH=$sysroot/bin:/usr/bin:/bin" sh -c \
				'cd /tmp && cargo init --quiet --offline --vcs none --name it made && cd made && cargo build --quiet --offline && target/debug/it' ::: 1
			is "$(name cargo build)" "$status:$out:$err" '0:Hello, world!:'
		else
			skip "$(name cargo)" 'this user cannot read the toolchain'
		fi
	fi
done
is 'nothing of all this is left in /tmp' "$(ls -d /tmp/v /tmp/made /tmp/Main.class /tmp/new /tmp/configured /tmp/repository 2>/dev/null)" ''
done_testing
