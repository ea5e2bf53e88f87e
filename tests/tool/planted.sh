#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What forkpool writes and reads below --writable while hostile jobs plant things there: links, FIFOs, directories where
# files were, other directories where directories were.  Nothing outside may change, and nothing may wait.
# The braces are the templates' own.
# shellcheck disable=SC1091,SC1083,SC2016
. "${srcdir:-.}/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
command -v timeout >/dev/null || skip_all 'timeout is not installed'
cd "$dir" || exit 99
chmod 755 "$dir"
unset TMPDIR

run "$forkpool" --sandbox true ::: 1
if no_sandbox; then done_testing; fi

# Job a says that it runs, and waits until things are planted; job b prints after that.
cat >job.sh <<'SCRIPT'
#!/bin/sh
if [ "$1" = a ]; then
	if [ -e ./plan ]; then . ./plan; fi
	if [ -p w/ready ]; then echo >w/ready; read -r _ <w/go; fi
fi
echo "output of $1"
SCRIPT
chmod 755 job.sh

ordinary() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
itself() { "$@"; }

# A fresh place $case for one run, which it enters: w is for the jobs, precious and elsewhere are not.
place() {
	cd "$dir" || exit 99
	rm -rf case
	mkdir case case/w case/elsewhere
	cp job.sh case/
	echo precious | tee case/precious >case/elsewhere/precious
	chmod 777 case/w
	[ "$user" != ordinary ] || chown -R 65534:65534 case
	cd case || exit 99
}

# text FILE... : what they have, if they are files: reading a FIFO would never end
text() {
	for text_file in "$@"; do
		if [ -f "$text_file" ]; then cat "$text_file"; else echo "$text_file is no file"; fi
	done
}

# untouched NAME: nothing outside w has changed
untouched() {
	is "$user: $1" "$(text precious elsewhere/precious; ls elsewhere; ls -d absent 2>/dev/null)" 'precious
precious
precious'
}

# sandboxed OPTION... : two jobs, a and b
sandboxed() {
	run "$user" timeout -k 1 60 "$forkpool" -j1 --sandbox --readable . --writable w "$@" ./job.sh ::: a b
}

# plant KIND NAME: puts that there, instead of what is there
plant() {
	rm -rf "$2"
	case $1 in
	link) "$user" ln -s "$PWD/precious" "$2" ;;
	link-to-directory) "$user" ln -s "$PWD/elsewhere" "$2" ;;
	dangling-link) "$user" ln -s "$PWD/absent" "$2" ;;
	hard-link) "$user" ln precious "$2" ;;
	fifo) "$user" mkfifo "$2" ;;
	directory) "$user" mkdir "$2" ;;
	esac
}
kinds='link link-to-directory dangling-link hard-link fifo directory'

# while_running PLANT ARGUMENTS OPTION... : the same as sandboxed; while job a runs, PLANT ARGUMENTS is called
while_running() {
	planting=$1
	shift
	mkfifo w/ready w/go
	chmod 666 w/ready w/go
	"$user" timeout -k 1 60 "$forkpool" -j1 --sandbox --readable . --writable w "$@" ./job.sh ::: a b \
		>"$dir/.out" 2>"$dir/.err" </dev/null &
	timeout 60 cat w/ready >/dev/null
	$planting
	timeout 60 sh -c 'echo >w/go'
	wait $!
	status=$?
	out=$(cat "$dir/.out")
	err=$(cat "$dir/.err")
}

plant_all() {
	for name in w/b.out w/b.out.err w/b.out.seq w/report.html w/metrics w/trace w/objects; do plant "$kind" "$name"; done
}

plant_table() {
	plant "$kind" w/table.csv
}

# The directories of a template and of a tree, and DIR itself.
swap() {
	for name in w/b w/out/1/b w/out; do
		"$user" mkdir -p "${name%/*}"
		if [ -e "$name" ]; then mv "$name" "$name.moved"; fi
		"$user" ln -s "$PWD/elsewhere" "$name"
	done
}

writes() {
	# As it was found: the job does all by itself.
	for target in ../precious ../absent; do
		place
		echo "ln -s $target w/b.out" >plan
		sandboxed --results 'w/{}.out'
		untouched "a job links the next one's file to $target"
		is "$user: and that one has its output" "$status:$(text w/b.out)" '0:output of b'
	done

	for kind in $kinds; do
		place
		while_running plant_all --results 'w/{}.out' --report w/report.html --metrics-file w/metrics \
			--trace w/trace --results-json w/objects
		untouched "$kind in the place of each file while jobs run"
		case $kind in
		directory)
			# Metrics are written while jobs run, too.
			is "$user: files cannot take a directory's place" \
				"$status:$(echo "$err" | sed 's/:[^:]*$//' | sort -u)" \
				"1:forkpool: --metrics-file: cannot write w/metrics
forkpool: --report: cannot write w/report.html
forkpool: --results: cannot write w/b.out"
			;;
		*)
			is "$user: files have taken its place" \
				"$status:$err:$(text w/b.out w/b.out.seq):$(text w/report.html | grep -c '<html'):$(text w/metrics | grep -c exit_status)" \
				'0::output of b
2:1:3'
			;;
		esac
		is "$user: none is left under another name" "$(find w | grep '\......*\.......$')" ''
		place
		while_running plant_table --results w/table.csv
		untouched "$kind in the place of a table"
		rm -rf w/*
		plant "$kind" w/b.out
		sandboxed --results 'w/{}.out'
		untouched "$kind that was there before"
	done

	# What leads elsewhere would be followed by the next directory's lookup.
	for results in 'w/{}/of' 'w/{}/' w/out 'w/out/{}' './{//}/w/{}/of'; do
		place
		while_running swap --results "$results"
		untouched "directories that lead elsewhere: $results"
		# That directory is known, and gets the files where it is now.
		[ "$results" = 'w/out/{}' ] || is "$user: and why is told" "$status:$(echo "$err" |
			sed 's/^\(forkpool: --results: cannot write \)[^:]*:/\1it:/')" \
			"1:forkpool: --results: cannot write it: jobs can write to --writable w, so no symbolic link is followed there"
	done
	place
	while_running swap --results w/out
	is "$user: DIR is where it was" "$status:$(text w/out.moved/1/a/stdout)" '1:output of a'
}

# What an earlier run's jobs may have left.
begins() {
	for option in --report --junit --metrics-file --trace --results-json; do
		for kind in $kinds; do
			place
			plant "$kind" w/file
			sandboxed "$option" w/file
			untouched "$option on $kind"
			case $kind in
			hard-link) is "$user: is put in its place" "$status:$(stat -c %h w/file)" 0:1 ;;
			*)
				is "$user: is refused" "$status:$out:$(echo "$err" | grep -c "^forkpool: $option: cannot write w/file: ")" '1::1'
				is "$user: and nothing has run" "$(find w ! -type l ! -name w ! -name file)" ''
				;;
			esac
		done
		place
		plant link-to-directory w/sub
		sandboxed "$option" w/sub/file
		untouched "$option through a link"
		is "$user: says why" "$status:$(echo "$err" | grep -c 'w/sub/file: jobs can write to --writable w, so no symbolic link')" 1:1
		mkdir w/deep
		sandboxed "$option" w/deep/../../file
		is "$user: $option and no way up" "$status:$(ls file 2>/dev/null):$(echo "$err" | grep -c 'so no \.\. is followed')" 1::1
		sandboxed "$option" w/../file
		is "$user: $option but from --writable itself" "$status:$(ls file)" 0:file
		# One's own link, from where jobs cannot write to where they can.
		ln -s w/own link
		sandboxed "$option" link
		is "$user: $option by one's own link" "$status:$(readlink link):$(find w/own -type f)" 0:w/own:w/own
		plant link w/own
		sandboxed "$option" link
		untouched "$option by one's own link to a planted one"
	done
}

refused() { # NAME OPTION...
	refused_name=$1
	shift
	sandboxed "$@"
	is "$user: $refused_name is refused" "$status:$out:$(echo "$err" | grep -c "^forkpool: $1: jobs can write to .* (--writable w), and .*: name a file elsewhere")" '1::1'
}

# Files that are read back and believed.
believes() {
	place
	mkdir w/sub
	ln -s w/log link
	ln -s ../log w/sub/back
	for name in w/log w/sub/log ./w/../w/log link w/sub/back "$PWD/w/log" absent/../w/log; do
		case $name in absent/*) mkdir absent ;; esac
		refused "--joblog ${name#"$PWD"}" --joblog "$name"
	done
	rmdir absent
	refused '--joblog +' --joblog +w/log
	refused '--resume' --joblog w/log --resume
	refused '--journal' --journal w/log
	refused 'a table with --journal' --results w/table.csv --journal log
	refused 'objects with --journal' --results-json w/objects --journal log
	is "$user: and nothing is made" "$(find w -type f; ls log 2>/dev/null)" ''
	sandboxed --journal log --results 'w/{}.out'
	is "$user: files of results with --journal are not read back" "$status:$(text w/b.out)" '0:output of b'
	ln -s "$PWD/kept" own
	sandboxed --joblog own --trace own-trace
	is "$user: elsewhere one's own link is followed" "$status:$(text kept | wc -l):$(readlink own)" "0:3:$PWD/kept"
	# Root's file of this script's is not an ordinary user's to open.
	[ "$user" = itself ] || return
	sandboxed --joblog /dev/stderr --results-json /dev/fd/1
	is "$user: and so is /dev/fd" "$status:$(echo "$err" | wc -l):$(echo "$out" | grep -c stdout)" 0:3:2
}

# What forkpool itself would run.
itself_runs() {
	place
	: >w/jobs.so
	ln -s w/jobs.so link.so
	for plugin in w/jobs.so w/absent.so link.so; do
		run "$user" timeout -k 1 60 "$forkpool" --sandbox --readable . --writable w --plugin "$plugin:line" ::: a
		is "$user: --plugin $plugin is refused" "$status:$out:$(echo "$err" |
			grep -c "^forkpool: --plugin: jobs can write to $plugin (--writable w), and forkpool itself would run")" '1::1'
	done
	rm w/jobs.so
	plant fifo w/jobs.so
	run "$user" timeout -k 1 60 "$forkpool" --sandbox --writable w --plugin w/jobs.so:line ::: a
	is "$user: so is a FIFO" "$status:$(echo "$err" | grep -c 'would run')" 1:1
}

# Paths that are opened up: what a link leads to would be so, too.
opens_up() {
	place
	ln -s ../elsewhere w/data
	ln -s ../precious w/file
	ln -s ../absent w/dangling
	mkdir w/real w/real/deep
	ln -s ../../elsewhere w/real/link
	echo own >w/own
	chmod 777 w/real
	ln -s w/data to-data
	ln -s w/file to-file
	ln -s w/real to-real
	for path in w/data w/file w/data/precious w/real/link to-data to-file "$PWD/w/data" w/../w/data; do
		for option in --readable --writable; do
			for more in '' --host-root; do
				# shellcheck disable=SC2086
				run "$user" timeout -k 1 60 "$forkpool" --sandbox $more --writable w "$option" "$path" cat "$path" ::: -
				is "$user: $more $option ${path#"$PWD"} leads elsewhere" "$status:$out:$(echo "$err" |
					grep -c "^forkpool: $option $path: jobs can write to --writable w, so no symbolic link is followed there$")" '1::1'
			done
		done
	done
	run "$user" timeout -k 1 60 "$forkpool" --sandbox --writable w/data --writable w true ::: -
	is "$user: in any order" "$status" 1
	run "$user" timeout -k 1 60 "$forkpool" --sandbox --writable w --readable w/real/deep/.. true ::: -
	is "$user: no way up either" "$status:$(echo "$err" | grep -c '^forkpool: --readable w/real/deep/..: .* so no \.\. is followed')" 1:1
	for path in w/real w/real/deep to-real w/own w/. w/.. . precious /dev/null; do
		run "$user" timeout -k 1 60 "$forkpool" --sandbox --writable w --readable "$path" cat w/own ::: </dev/null
		is "$user: $path is opened up" "$status:$err" 0:
	done
	run "$user" timeout -k 1 60 "$forkpool" --sandbox --writable w --writable to-real cp w/own w/real/copy -- ::: -
	untouched 'paths that are opened up'
}

# Files of items.
reads_items() {
	for kind in $kinds; do
		place
		plant "$kind" w/list
		plant "$kind" w/sub
		for option in -a ::::; do
			case $option in
			-a) run "$user" timeout -k 1 60 "$forkpool" --sandbox --writable w -a w/list echo ;;
			*) run "$user" timeout -k 1 60 "$forkpool" --sandbox --writable w echo :::: w/list ;;
			esac
			not='cannot open w/list: jobs can write to --writable w, so'
			case $kind in
			link) wanted="1::forkpool: $not no symbolic link is followed there" ;;
			fifo) wanted="1::forkpool: $not only a regular file is read there" ;;
			dangling-link) wanted='1::forkpool: items from w/list: No such file or directory' ;;
			hard-link) wanted=0:precious: ;;
			*) wanted='1::forkpool: items from w/list: it is a directory, and a file is needed' ;;
			esac
			is "$user: $option, $kind" "$status:$out:$err" "$wanted"
		done
		run "$user" timeout -k 1 60 "$forkpool" --sandbox --writable w -a w/sub/precious echo
		is "$user: -a through $kind" "$status:$out" 1:
	done
	plant link w/list
	ln -s w/list link
	for list in link w/../w/list "$PWD/w/list"; do
		run "$user" timeout -k 1 60 "$forkpool" --sandbox --writable w -a "$list" echo
		is "$user: -a ${list#"$PWD"}" "$status:$out" 1:
	done
	rm w/list
	echo item >w/list
	for list in link w/list; do
		run "$user" timeout -k 1 60 "$forkpool" --sandbox --writable w -a "$list" echo
		is "$user: -a $list, a file" "$status:$out" 0:item
	done
	run "$user" timeout -k 1 60 "$forkpool" --sandbox --writable w/list -a w/list echo
	is "$user: -a with a file for jobs" "$status:$out" 0:item
	run "$user" timeout -k 1 60 "$forkpool" --sandbox --writable w -a w/absent echo
	is "$user: -a without a file" "$status:$err" '1:forkpool: items from w/absent: No such file or directory'
	# Root's pipe is not an ordinary user's to open.
	[ "$user" = itself ] || return
	is "$user: elsewhere all is read" "$(echo item |
		timeout -k 1 60 "$forkpool" --sandbox --writable w -a /dev/stdin echo)" item
}

# Output that waits lies in a file without a name, which nobody can open, or not below --writable.
spills() {
	place
	"$user" mkdir w/tmp
	TMPDIR=$PWD/w/tmp run "$user" timeout -k 1 60 "$forkpool" -k -j2 --sandbox --readable . --writable w sh -c \
		'[ $1 = 1 ] || { ls w/tmp; exit; }; head -c 20000000 /dev/zero; ls w/tmp' - ::: 1 2
	case $err in
	*'no file without a name'*) is "$user: TMPDIR is refused" "$status:$out" 1: ;;
	*) is "$user: a file without a name" "$status:${#out}" 0:0 ;;
	esac
	rmdir w/tmp
	plant link-to-directory w/tmp
	TMPDIR=$PWD/w/tmp sandboxed
	is "$user: TMPDIR that is a planted link" "$status:$out:$(echo "$err" | grep -c '^forkpool: TMPDIR: jobs can write to ')" '1::1'
}

users=itself
if [ "$(id -u)" -ne 0 ]; then
	echo '# as an ordinary user only'
elif command -v setpriv >/dev/null && ordinary "$forkpool" true ::: a 2>/dev/null; then
	users='itself ordinary'
else
	echo '# as root only: setpriv is not installed, or others cannot run the command'
fi
for user in $users; do
	writes
	begins
	believes
	itself_runs
	opens_up
	reads_items
	spills
done
cd "$dir" || exit 99
no_process_left 'no process is left'
done_testing
