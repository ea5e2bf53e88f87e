# SPDX-License-Identifier: BSD-2-Clause
# Completions of forkpool(1) for bash 4.3 or later: options, their values, and behind them the command with its own
# completion.  The completion of the command needs the package bash-completion; without it, names of commands and files
# are offered.
#
# Nothing that the user typed is evaluated or run, except for nm(1) on the object of --plugin.
# shellcheck shell=bash

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 403)); then return 0; fi

# Each option has a line: its names, in parentheses the names that are accepted but not offered, and the kind of its
# value.  A value in [ ] is optional, and is never the next word.  tests/tool/completions.sh compares the options with
# those of forkpool --help.
_forkpool_options=(
	'-a --arg-file (--argfile) FILE'
	'-0 --null'
	'-d --delimiter TEXT'
	'-C --colsep (--col-sep) TEXT'
	'--link (--xapply)'
	'--header COLON'
	'-E TEXT'
	'-e --eof [TEXT]'
	'-r --no-run-if-empty'
	'--pipe (--spreadstdin)'
	'--block (--block-size) SIZE'

	'-n --max-args (--maxargs) NUMBER'
	'-N --max-replace-args NUMBER'
	'-L NUMBER'
	'-l --max-lines [NUMBER]'
	'-m'
	'-X'
	'-s --max-chars SIZE'
	'-x --exit'
	'-I TEXT'
	'-i --replace [TEXT]'
	'--plus'

	'--shell'
	'--plugin PLUGIN'
	'--plugin-args TEXT'
	'--nice NICE'
	'--wd (--workdir) (--work-dir) DIR'
	'--tmpdir (--tempdir) DIR'
	'--process-slot-var TEXT'
	'--env TEXT'
	'--stdin-from FILE'
	'-q --quote'

	'-j --jobs (-P) (--max-procs) JOBS'
	'--jobserver'
	'--jobserver-style STYLE'
	'--delay TIME'
	'--load LOAD'
	'--memfree SIZE'
	'--limit TEXT'
	'--retries NUMBER'
	'--retry-delay TIME'
	'--halt (--halt-on-error) HALT'
	'-p --interactive'
	'-t --verbose'
	'--dry-run (--dryrun)'
	'--explain'

	'--timeout TIME'
	'--term-seq (--termseq) SEQ'
	'--grace TIME'
	'--mem SIZE'
	'--stack SIZE'
	'--cpu TIME'
	'--fsize SIZE'
	'--nofile FILES'
	'--pids NUMBER'
	'--sandbox'
	'--readable FILE'
	'--writable FILE'
	'--network [NETWORK]'
	'--scratch SIZE'
	'--host-root'
	'--uid USER'

	'--group'
	'--group-markers SERVICE'
	'--line-buffer (--lb) (--linebuffer) (--line-buffered)'
	'-u --ungroup'
	'-k --keep-order (--keeporder)'
	'--tag'
	'--tagstring (--tag-string) TEXT'
	'--json'
	'--bar'
	'--eta (--progress)'
	'--status'
	'--quiet'

	'--joblog (--jl) FILE'
	'--resume'
	'--resume-failed (--resumefailed)'
	'--retry-failed (--retryfailed)'
	'--results (--result) (--res) FILE'
	'--results-json FILE'
	'--junit FILE'
	'--journal FILE'
	'--report FILE'
	'--trace FILE'
	'--metrics-file FILE'

	'--compat COMPAT'
	'--number-of-threads'
	'--number-of-cores (--number-of-cpus)'
	'--number-of-sockets'
	'-h --help'
	'-V --version'
	'(--will-cite) (--gnu) (--plain) (--silent) (--no-notice)'
)

# From each name to the kind of its value, "" for an option without one; and the names that are offered, in order.
declare -gA _forkpool_value=()
declare -ga _forkpool_offered=()

_forkpool_load()
{
	local line word kind
	local -a names
	for line in "${_forkpool_options[@]}"; do
		names=() kind=
		for word in $line; do
			case $word in
			-*) names+=("$word") _forkpool_offered+=("$word") ;;
			\(*) word=${word#\(} names+=("${word%\)}") ;;
			*) kind=$word ;;
			esac
		done
		for word in "${names[@]}"; do _forkpool_value[$word]=$kind; done
	done
	unset _forkpool_options
}
_forkpool_load
unset -f _forkpool_load

# _forkpool_kind NAME: sets kind to the kind of the option's value.  A long name may be abbreviated.
_forkpool_kind()
{
	local name
	kind=
	if [[ ${_forkpool_value[$1]+x} ]]; then
		kind=${_forkpool_value[$1]}
	elif [[ $1 == --?* ]]; then
		for name in "${!_forkpool_value[@]}"; do
			if [[ $name == "$1"* ]]; then
				kind=${_forkpool_value[$name]}
				return
			fi
		done
	fi
}

# _forkpool_letters WORD: of the letters of a word like -abc, finds the first that takes a value; sets kind to the kind
# of its value, and value to the rest of the word.
_forkpool_letters()
{
	local at
	for ((at = 1; at < ${#1}; at++)); do
		_forkpool_kind "-${1:at:1}"
		value=${1:at+1}
		if [[ $kind ]]; then return 0; fi
	done
	return 1
}

# _forkpool_reply WORD...: offers the words that begin with $value.  $cur ends with $value, and readline puts an offered
# word behind $head.
_forkpool_reply()
{
	local word whole
	for word; do
		if [[ $word == "$value"* ]]; then
			whole=${cur%"$value"}$word
			COMPREPLY+=("${whole#"$head"}")
		fi
	done
	compopt -o nosort 2>/dev/null # bash 4.4
}

# _forkpool_files COMPGEN-OPTION...: offers files.  If possible it leaves this to readline, which knows about quotes.
_forkpool_files()
{
	local names
	if [[ $# -eq 0 && ($value == "$cur" || ${cur%"$value"} == *=) ]]; then
		compopt -o default
		return
	fi
	mapfile -t names < <(compgen "${@:--f}" -- "$value")
	_forkpool_reply "${names[@]}"
	compopt -o filenames
}

# Offers the functions that can be jobs, of the object before the colon.
_forkpool_functions()
{
	local file=${value%:*} names
	file=${file#[\"\']} file=${file//\\/} file=${file/#\~\//$HOME/}
	value=${value##*:} value=${value##*,}
	if [[ $file != */* ]]; then file=./$file; fi
	mapfile -t names < <(nm -D --defined-only "$file" 2>/dev/null |
		awk '$2 == "T" && $3 ~ /^[A-Za-z_][A-Za-z0-9_]*$/ && $3 !~ /^(_init|_fini|forkpool_plugin_(init|exit))$/ { print $3 }')
	_forkpool_reply "${names[@]}"
}

# _forkpool_values KIND: offers values of this kind that begin with $value.
_forkpool_values()
{
	local names
	case ${1//[\[\]]/} in
	FILE) _forkpool_files ;;
	DIR) compopt -o dirnames ;;
	NUMBER) _forkpool_reply 1 2 4 8 16 32 64 100 1000 ;;
	FILES) _forkpool_reply 64 256 1024 4096 ;;
	SIZE) _forkpool_reply 64K 1M 16M 64M 256M 1G 4G ;;
	TIME) _forkpool_reply 100ms 500ms 1s 5s 10s 30s 1m 10m 1h ;;
	NICE) _forkpool_reply 5 10 15 19 ;;
	JOBS) _forkpool_reply 1 2 4 8 16 32 64 50% 100% 200% +1 -1 0 ;;
	LOAD) _forkpool_reply 50% 100% 150% 1 2 4 8 ;;
	COLON) _forkpool_reply : ;;
	COMPAT) _forkpool_reply xargs parallel native ;;
	STYLE) _forkpool_reply auto pipe fifo ;;
	SERVICE) _forkpool_reply github gitlab ;;
	HALT)
		_forkpool_reply never {now,soon},{fail,success,done}={1,10%}
		;;
	NETWORK) _forkpool_reply open loopback ;;
	USER) mapfile -t names < <(compgen -u -- "$value") && _forkpool_reply "${names[@]}" ;;
	SEQ)
		# Signals and milliseconds by turns, with KILL at the end.
		names=${value//[!,]/}
		value=${value##*,}
		if ((${#names} % 2 == 1)); then
			_forkpool_reply 100, 200, 500, 1000, 5000,
			compopt -o nospace
		else
			if [[ $names ]]; then _forkpool_reply KILL; fi
			_forkpool_reply TERM,
			if [[ $value != K* ]]; then compopt -o nospace; fi
		fi
		;;
	PLUGIN)
		if [[ $value == *:* ]]; then
			_forkpool_functions
		else
			_forkpool_files -f -X '!*.so'
			mapfile -t names < <(compgen -d -- "$value")
			_forkpool_reply "${names[@]}"
			compopt -o nospace # a colon follows
		fi
		;;
	esac
}

# Sets words to the words of the shell, up to the cursor, and starts to the place of each in COMP_WORDS, where bash also
# cuts words at = and ":".  The last word is $cur; readline does not see the beginning of it, $head.
_forkpool_words()
{
	local rest=$COMP_LINE piece i
	for ((i = 0; i <= COMP_CWORD; i++)); do
		piece=${COMP_WORDS[i]}
		if [[ $i -eq 0 || $rest == [$' \t\n']* || ! $piece ]]; then
			words+=('') starts+=("$i")
		fi
		rest=${rest#"${rest%%[!$' \t\n']*}"}
		if ((i == COMP_CWORD && ${#COMP_LINE} - ${#rest} + ${#piece} > COMP_POINT)); then
			piece=${piece:0:COMP_POINT - ${#COMP_LINE} + ${#rest}} # up to the cursor
		fi
		rest=${rest#"$piece"}
		cur=${words[-1]}$piece
		head=${words[-1]}
		words[-1]=$cur
		if [[ $piece && $piece != *[!=:]* && $COMP_WORDBREAKS == *"${piece:0:1}"* ]]; then head=$cur; fi
	done
}

_forkpool()
{
	local cur='' head='' value='' kind='' plugin='' ended='' word at i
	local -a words=() starts=()

	COMPREPLY=()
	_forkpool_words
	local last=$((${#words[@]} - 1))

	# Options end at the first word that is not an option.
	for ((i = 1; i < last; i++)); do
		word=${words[i]}
		case $word in
		--)
			i=$((i + 1)) ended=1
			break
			;;
		--*=*) kind= ;;
		--*) _forkpool_kind "$word" ;;
		-?*)
			if _forkpool_letters "$word" && [[ $value ]]; then kind=; fi
			;;
		*) break ;;
		esac
		if [[ $word == --plug* && $word != --plugin-* ]]; then plugin=1; fi
		if [[ $kind == \[* ]]; then kind=; fi
		if [[ $kind ]]; then
			i=$((i + 1)) # the value is the next word
			if ((i == last)); then
				value=$cur
				_forkpool_values "$kind"
				return
			fi
			kind=
		fi
	done

	if [[ $i -eq last && ! $ended ]]; then
		case $cur in
		--*=*)
			_forkpool_kind "${cur%%=*}"
			value=${cur#*=}
			_forkpool_values "$kind"
			return
			;;
		--*)
			value=$cur
			_forkpool_reply "${_forkpool_offered[@]}"
			return
			;;
		-??*)
			if _forkpool_letters "$cur" && [[ $value ]]; then
				_forkpool_values "$kind"
			else
				COMPREPLY=("${cur#"$head"}")
			fi
			return
			;;
		-*)
			value=$cur
			_forkpool_reply "${_forkpool_offered[@]}"
			return
			;;
		esac
	fi

	value=$cur
	for ((at = i; at < last; at++)); do
		case ${words[at]} in
		::: | :::+ | :::: | ::::+)
			_forkpool_files
			return
			;;
		esac
	done
	if [[ $plugin || $cur == :* ]]; then
		_forkpool_reply ::: :::: :::+ ::::+
	elif declare -F _comp_command_offset >/dev/null; then # bash-completion 2.12
		_comp_command_offset "${starts[i]}"
	elif declare -F _command_offset >/dev/null; then
		_command_offset "${starts[i]}"
	elif ((i == last)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		compopt -o filenames
	else
		compopt -o default
	fi
}

complete -F _forkpool forkpool
