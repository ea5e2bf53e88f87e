# SPDX-License-Identifier: BSD-2-Clause
# jobserver-lib - what the tests of the jobserver (tests/tool/jobserver-*.sh) have in common; they
# read it after tool-lib.sh.  Jobs note their begin and end in a file, which tells how many ran at a
# time: no time is measured.
#
#	$make        GNU make, 4.2 or later
#	$python      python3, or empty
#	most LOG     prints how many jobs ran at a time
#	inner.mk     a Makefile: "all" has four jobs, "wait" has four that wait for each other
#
# Commands, in $PATH:
#	job LOG N      notes its begin, waits until the log has N begins, notes its end
#	await FILE     waits until there is such a file
#	auth           prints two names of files: to read tokens from, to write them to
#
# shellcheck shell=sh disable=SC2034,SC2154
[ -x "$forkpool" ] || skip_all 'the command is not built'
make=${MAKE:-make}
case $("$make" --version 2>/dev/null) in
'GNU Make 3.'* | 'GNU Make 4.'[01]*) skip_all 'this GNU make is older than 4.2' ;;
'GNU Make '*) ;;
*) skip_all 'there is no GNU make' ;;
esac
TMPDIR=$dir/tmp
mkdir "$TMPDIR" "$dir/bin" || exit 99
ln -s "$forkpool" "$dir/bin/forkpool"
PATH=$dir/bin:$PATH
export PATH TMPDIR
srcdir=$(cd "${srcdir:-.}" && pwd) || exit 99
cd "$dir" || exit 99
python=$(command -v python3 || :)

cat >bin/job <<'EOF'
#!/bin/sh
echo + >>"$1"
tries=0
until [ "$(grep -c + "$1")" -ge "$2" ]; do
	sleep 0.05
	tries=$((tries + 1))
	[ $tries -lt 1200 ] || exit 9
done
echo - >>"$1"
EOF
cat >bin/await <<'EOF'
#!/bin/sh
tries=0
until [ -e "$1" ]; do
	sleep 0.05
	tries=$((tries + 1))
	[ $tries -lt 1200 ] || exit 9
done
EOF
# The descriptors of the pipe as files, or twice the FIFO.
cat >bin/auth <<'EOF'
#!/bin/sh
last=
for word in $MAKEFLAGS; do
	case $word in --jobserver-auth=*) last=${word#*=} ;; esac
done
case $last in
fifo:*) echo "${last#fifo:}" "${last#fifo:}" ;;
*,*) echo "/dev/fd/${last%,*}" "/dev/fd/${last#*,}" ;;
esac
EOF
chmod +x bin/job bin/await bin/auth

most() {
	awk '/[+]/ { if (++n > most) most = n } /-/ { n-- } END { print most + 0 }' "$1"
}

cat >inner.mk <<'EOF'
all: 1 2 3 4
1 2 3 4:
	@echo + >>log; sleep 0.02; echo - >>log
wait: w1 w2 w3 w4
w1 w2 w3 w4:
	@job log 4
EOF
