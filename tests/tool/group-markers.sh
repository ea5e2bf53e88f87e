#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# forkpool --group-markers: each job's output between the lines by which the log of a CI service folds it.
. "${srcdir:-.}/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
cd "$dir" || exit 99

cat >job <<'END'
#!/bin/sh
case $1 in
silent*) ;;
*)
	echo "out $1"
	echo "err $1" >&2
	printf 'the last %s' "$1"
	;;
esac
case $1 in *fails*) exit 3 ;; esac
END
chmod +x job
esc=$(printf '\033') cr=$(printf '\r')

# plain: $out with the times and the random parts of names the same each time, and controls as words
plain() {
	printf '%s\n' "$out" |
		sed -e "s/$esc/ESC/g; s/$cr/CR/g" -e 's/\(section_[a-z]*\):[0-9]*:/\1:TIME:/' -e 's/_[0-9a-f]\{32\}/_SECRET/'
}

# ------------------------------------------------------------------------------------------ the lines

run "$forkpool" --group-markers=github -k -j2 ./job ::: a fails silent silent-fails
is 'github' "$status:$err:$out" '123::::group::job 1: ./job a: all went well
out a
err a
the last a
::endgroup::
job 2: ./job fails: exit status 3
out fails
err fails
the last fails
job 4: ./job silent-fails: exit status 3'
run "$forkpool" --group-markers=gitlab -k -j2 ./job ::: a fails silent silent-fails
is 'gitlab' "$status:$err:$(plain)" '123::ESC[0Ksection_start:TIME:forkpool_1_SECRET[collapsed=true]CRESC[0Kjob 1: ./job a: all went well
out a
err a
the last a
ESC[0Ksection_end:TIME:forkpool_1_SECRETCRESC[0K
ESC[0Ksection_start:TIME:forkpool_2_SECRETCRESC[0Kjob 2: ./job fails: exit status 3
out fails
err fails
the last fails
ESC[0Ksection_end:TIME:forkpool_2_SECRETCRESC[0K
ESC[0Ksection_start:TIME:forkpool_4_SECRETCRESC[0Kjob 4: ./job silent-fails: exit status 3
ESC[0Ksection_end:TIME:forkpool_4_SECRETCRESC[0K'
names() {
	printf '%s\n' "$out" | grep -o "section_$1:[0-9]*:[a-zA-Z0-9_.-]*" | sed 's/.*://'
}
is 'what begins ends' "$(names end)" "$(names start)"
is 'the names are three' "$(names start | sort -u | wc -l | tr -d ' ')" 3
before=$(date +%s)
run "$forkpool" --group-markers=gitlab ./job ::: a
after=$(date +%s)
ok 'the times are those of the job' test -n "$(printf '%s\n' "$out" | sed -n 's/.*section_[a-z]*:\([0-9]*\):.*/\1/p' |
	awk -v from="$before" -v to="$after" '$1 < from - 1 || $1 > to + 1 { wrong = 1 } END { if (NR == 2 && !wrong) print "fine" }')"

# ------------------------------------------------------------------------------ with other options

run "$forkpool" --group-markers=github --quiet ./job ::: silent-fails
is '--quiet' "$status:$out:$err" '123::'
run "$forkpool" --group-markers=github --tag ./job ::: a
is '--tag' "$out" '::group::job 1: ./job a: all went well
a	out a
a	err a
a	the last a
::endgroup::'
run "$forkpool" --group-markers=github --results r -k ./job ::: a fails
is '--results keeps both apart, and all is shown' "$(cat r/1/a/stderr):$out" 'err a:::group::job 1: ./job a: all went well
out a
the last a
err a
::endgroup::
job 2: ./job fails: exit status 3; its output is in r/1/fails/stderr
out fails
the last fails
err fails'
run "$forkpool" --compat=parallel --group-markers=github ./job ::: a
is 'as GNU parallel' "$out:$err" '::group::job 1: ./job a: all went well
out a
the last a
err a
::endgroup:::'
run "$forkpool" --group-markers=github --joblog - ./job ::: a
is 'the joblog is behind the group' "$(printf '%s\n' "$out" | sed -n '6p;7s/\t.*//p')" '::endgroup::
1'
run "$forkpool" --group-markers=github -j3 sh -c 'seq 20000; exit $0' ::: 0 0 1
is 'much output' "$(printf '%s\n' "$out" | grep -c '^[0-9]')/$(printf '%s\n' "$out" | grep -c '^::')" 60000/4

# ------------------------------------------------------------------------------- hostile jobs, items

run "$forkpool" --group-markers=github -k sh -c 'exit 2' ::: '##[error]%0A::error::x' "$(printf '\n::error::y')"
is 'a title is no command, and one line' "$out" "job 1: sh -c 'exit 2' '##\\133error]%0A::error::x': exit status 2
job 2: sh -c 'exit 2' '\\n::error::y': exit status 2"
run "$forkpool" --group-markers=github echo ::: '50%25'
is 'a title as it is' "$out" '::group::job 1: echo '\''50%2525'\'': all went well
50%25
::endgroup::'
run "$forkpool" --sandbox --group-markers=github -k -j2 sh -c 'echo "::endgroup::"; printf "::error::$0"; exit $0' ::: 0 1
if ! no_sandbox; then
	tokens=$(printf '%s\n' "$out" | sed -n 's/^::stop-commands::\([0-9a-f]\{32\}\)$/\1/p')
	is 'a token for each job' "$(printf '%s\n' "$tokens" | sort -u | wc -l | tr -d ' ')" 2
	is 'a sandbox: commands are stopped where a job writes' "$(printf '%s\n' "$out" |
		sed 's/[0-9a-f]\{32\}/TOKEN/')" '::group::job 1: sh -c '\''echo "::endgroup::"; printf "::error::$0"; exit $0'\'' 0: all went well
::stop-commands::TOKEN
::endgroup::
::error::0
::TOKEN::
::endgroup::
job 2: sh -c '\''echo "::endgroup::"; printf "::error::$0"; exit $0'\'' 1: exit status 1
::stop-commands::TOKEN
::endgroup::
::error::1
::TOKEN::'
	for token in $tokens; do
		is 'it ends what it has begun' "$(printf '%s\n' "$out" | grep -c "^::$token::\$")" 1
	done
fi
no_process_left 'no process is left'
done_testing
