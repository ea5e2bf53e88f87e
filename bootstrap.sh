#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# From a fresh clone to a built, shown, tested or measured forkpool:
#
#	./bootstrap.sh               packages, autoreconf, configure, make in build/
#	./bootstrap.sh demo          that, and the command and the main example on files of this machine
#	./bootstrap.sh check         that, and all tests
#	./bootstrap.sh check PART    only those of one part: a folder of tests/ (lib, lib/ipc, pool, attacks,
#	                             tool, checks) or a name (jobs, journal)
#	./bootstrap.sh bench         that, with the peers to measure against, and make bench
#
# On Debian and its kin it installs the packages that are missing, and only those; elsewhere it says
# which to install.  What is done already is not done again.
set -eu

say() {
	printf 'bootstrap: %s\n' "$*"
}

die() {
	printf 'bootstrap: %s\n' "$*" >&2
	exit 1
}

goal=${1:-build}
part=${2:-}
part=${part%/}
case $goal:$# in
build:[01] | demo:1 | check:1 | bench:1) ;;
check:2) [ -n "$part" ] || die "usage: ./bootstrap.sh [demo | check [PART] | bench]" ;;
*) die "usage: ./bootstrap.sh [demo | check [PART] | bench]" ;;
esac
cd "$(dirname "$0")" || die "cannot enter the directory of $0"
[ -f configure.ac ] || die "configure.ac is not beside this script"
top=$PWD
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR
make=${MAKE:-make}
jobs=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null) || jobs=1 # nproc: those that we may use

# ------------------------------------------------------------------------------------- packages

has() {
	command -v "$1" >/dev/null 2>&1
}

has_any() {
	for candidate; do
		if has "$candidate"; then return 0; fi
	done
	return 1
}

has_module() {
	has pkg-config && pkg-config --exists "$1"
}

# A compiler without the C library's headers is a common half of an installation.
has_libc() {
	printf '#include <stdlib.h>\nint main(void) { return 0; }\n' >"$probe.c" &&
		${CC:-cc} -o "$probe" "$probe.c"
}

# Another header of that name has no STAP_PROBE.
has_probes() {
	printf '#include <sys/sdt.h>\nint main(void) { STAP_PROBE(a, b); return 0; }\n' >"$probe.c" &&
		${CC:-cc} -o "$probe" "$probe.c"
}

# The BSDs and macOS have the functions of libbsd in libc, and FreeBSD libmd too.
bsd_in_libc() {
	case $(uname -s) in
	*BSD | DragonFly | Darwin) return 0 ;;
	esac
	return 1
}

# There is another of that name.
gnu_parallel() {
	parallel --version 2>/dev/null | grep -q '^GNU parallel'
}

# want PACKAGE PROBE...: note the package (Debian's name for it) where the probe fails
want() {
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}

find_missing() {
	missing=
	want autoconf has autoconf
	want automake has automake
	want libtool has_any libtoolize glibtoolize
	want pkg-config has pkg-config
	want make has "$make"
	want gcc has_any ${CC:+"$CC"} cc gcc clang
	want libc6-dev has_libc
	if ! bsd_in_libc; then
		want libbsd-dev has_module libbsd-overlay
		want libmd-dev has_module libmd
	fi
	if [ "$(uname -s)" = Linux ]; then want libseccomp-dev has_module 'libseccomp >= 2.5'; fi
	want libjansson-dev has_module "jansson >= 2.7"
	# For tracers, and for source lines of crashes; it is built without where these have to be fetched by hand.
	if has apt-get; then
		want systemtap-sdt-dev has_probes
		want libdw-dev has_module libdw
	fi
	if [ "$goal" = check ]; then
		want check has_module 'check >= 0.15'
		# For two examples, which are left out where these have to be fetched by hand.
		if has apt-get; then
			want g++ has_any ${CXX:+"$CXX"} c++ g++
			want libpng-dev has_module libpng
		fi
	fi
	if [ "$goal" = bench ]; then
		want golang-go has go
		want python3 has python3
		want libmce-perl perl -MMCE -e 1
		want gnuplot-nox has gnuplot
		want parallel gnu_parallel
	fi
}

explain() {
	say "these are missing (by Debian's names):$missing" >&2
	say "install them, then run this script again:" >&2
	cat >&2 <<-'END'
		  Debian, Ubuntu  apt-get install autoconf automake libtool pkg-config make gcc libc6-dev libbsd-dev libmd-dev libseccomp-dev libjansson-dev libdw-dev systemtap-sdt-dev check
		  Fedora          dnf install autoconf automake libtool pkgconf-pkg-config make gcc libbsd-devel libmd-devel libseccomp-devel jansson-devel elfutils-devel systemtap-sdt-devel check-devel
		  Arch            pacman -S --needed base-devel libbsd libmd libseccomp jansson libelf check
		  Alpine          apk add autoconf automake libtool pkgconf make gcc musl-dev linux-headers libbsd-dev libmd-dev libseccomp-dev libjansson-dev elfutils-dev check-dev libunwind-dev
		  FreeBSD         pkg install autoconf automake libtool pkgconf check
		  macOS           brew install autoconf automake libtool pkg-config libmd check
	END
	if [ "$goal" = bench ]; then
		say "and for the bench Go, Python 3, Perl's MCE, gnuplot and GNU parallel; make bench in build/ does without them" >&2
	fi
	exit 1
}

install_missing() {
	as_root=
	if [ "$(id -u)" -ne 0 ]; then
		has sudo || die "install as root, or install sudo:$missing"
		as_root=sudo
	fi
	say "installing$missing"
	# Package names hold no blanks, and as_root is a word or nothing.
	# shellcheck disable=SC2086
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update </dev/null ||
		die "apt-get update failed"
	# shellcheck disable=SC2086
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
		$missing </dev/null || die "apt-get install failed for:$missing"
}

probe_dir=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-bootstrap.XXXXXX")
trap 'rm -rf "$probe_dir"' EXIT
trap 'exit 1' HUP INT TERM
probe=$probe_dir/probe
installed=no
find_missing
if [ -n "$missing" ]; then
	if ! has apt-get; then explain; fi
	install_missing
	installed=yes
	find_missing
	[ -z "$missing" ] || die "still missing after the installation:$missing"
fi

# ---------------------------------------------------------------------------------------- build

# Make itself repeats these two where configure.ac or Makefile.am have changed since.
for made in configure Makefile.in config.h.in build-aux/ltmain.sh build-aux/tap-driver.sh; do
	if [ ! -f "$made" ]; then
		say "autoreconf"
		# With -f, since traces of before libtoolize pass for up to date when they are of the same second:
		# Makefile.in then leaves the files of m4/ out of the distribution.
		autoreconf -fi || die "autoreconf failed"
		break
	fi
done
mkdir -p build
cd build
if [ ! -f Makefile ]; then
	say "configure"
	../configure || die "configure failed: build/config.log says why"
elif [ "$installed" = yes ]; then
	say "configure again, as packages have come"
	./config.status --recheck || die "configure failed: build/config.log says why"
	./config.status || die "config.status failed"
fi
"$make" -j"$jobs" || die "make failed"

# --------------------------------------------------------------------------------------- goals

# The library installed below build/, and the examples built against it as a user would.
build_examples() {
	prefix=$top/build/prefix
	out=$top/build/examples-out
	if [ ! -f "$prefix/installed" ] ||
		[ -n "$(find libforkpool.la .libs/libforkpool.* ../include -newer "$prefix/installed")" ]; then
		"$make" install prefix="$prefix" >install.log 2>&1 ||
			die "make install failed: build/install.log says why"
		touch "$prefix/installed"
		rm -rf "$out"
	fi
	mkdir -p "$out"
	cp -Rp ../examples/Makefile ../examples/*.[ch] ../examples/*.cc ../examples/submissions ../examples/tasks "$out/"
	PKG_CONFIG_PATH=$prefix/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH} \
		"$make" -C "$out" LDFLAGS="-Wl,-rpath,$prefix/lib" ||
		die "the examples do not build"
}

# A second or two of real work, then the same machinery among jobs that crash, hang and are killed.
demo() {
	build_examples
	files=$top/build/demo-files
	sums=$top/build/demo-sums
	directory=/usr/bin
	find "$directory" -type f -size -4096 2>/dev/null | LC_ALL=C sort | head -n 400 >"$files"
	if [ -x ./forkpool ]; then
		say "compress $(wc -l <"$files" | tr -d ' ') files of $directory, each in a process of its own:"
		say "  forkpool --bar -a FILES gzip -c >/dev/null"
		./forkpool --bar -a "$files" gzip -c >/dev/null || die "forkpool ended with status $?"
	else
		say "the command is not built here (configure said why); the library is:"
	fi
	say "the library: each file's SHA-256 is a job, and a fifth of the jobs crash, abort, exit, hang or are killed:"
	say "  checksum-tree --hostile 20 $directory >SUMS"
	status=0
	"$out/checksum-tree" --hostile 20 "$directory" >"$sums" || status=$?
	# 1: a file that this user may not read.
	[ "$status" -le 1 ] || die "checksum-tree --hostile 20 ended with status $status"
	if has sha256sum; then
		sha256sum --check --quiet "$sums" || die "a sum is wrong"
		say "sha256sum agrees with each of the $(wc -l <"$sums" | tr -d ' ') sums"
	fi
	say "try build/forkpool --help, build/examples-out/checksum-tree DIRECTORY, (cd build/examples-out && ./judge)"
}

# tests_of PART: those tests of the Makefile that are in this folder of tests/, or have this name
tests_of() {
	"$make" -s tests-list | tr ' ' '\n' | while read -r test; do
		name=${test##*/}
		name=${name#test_}
		name=${name%.*}
		case $test:$name in
		"tests/$1/"*:* | tests/*"/$1/"*:* | *:"$1" | *:"$1"_* | *:"$1-job" | *:"$1-sandbox" | *:"test-$1" | *:"check-$1") echo "$test" ;;
		esac
	done
}

# skipped STAMP: what the tests since then skipped, and why, each reason once
skipped() {
	find tests -name '*.log' -newer "$1" -exec grep -hE '^(ok|1\.\.0).*# SKIP' {} + |
		sed 's/.*# SKIP *//' | LC_ALL=C sort | uniq -c | sort -rn |
		sed 's/^ *\([0-9]*\) /bootstrap: skipped \1: /'
}

# check: all tests, or those of one part
check() {
	stamp=$probe_dir/stamp
	touch "$stamp"
	status=0
	if [ -z "$part" ]; then
		"$make" -j"$jobs" check || status=$?
	else
		tests=$(tests_of "$part" | tr '\n' ' ')
		[ -n "$tests" ] || die "no test is in tests/$part/ or has this name"
		"$make" -j"$jobs" check TESTS="$tests" || status=$?
	fi
	skipped "$stamp"
	[ "$status" -eq 0 ] || die "tests failed: build/test-suite.log says which"
}

case $goal in
build)
	say "the library is in build/; ./bootstrap.sh demo shows it, ./bootstrap.sh check tests it" ;;
demo)
	demo ;;
check)
	check ;;
bench)
	"$make" bench || die "the bench failed" ;;
esac
