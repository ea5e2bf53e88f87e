# SPDX-License-Identifier: BSD-2-Clause
# Completions of forkpool(1) for fish: options, their values, and behind them the command with its own completion.
#
# Each option has a line below.  tests/tool/completions.sh compares the options with those of forkpool --help.

# The names, with their dashes, of options whose value is the next word; and of the other options, which have no
# value or have it in the same word.
set -g __forkpool_valued
set -g __forkpool_flags

# Prints the number of words before the command.  Status: 0 the cursor is at the command or behind it, 1 it is still at
# the options, 2 it is at the value of an option.
function __forkpool_before_command
    set -l words (commandline -opc)
    set -l at 2
    while test $at -le (count $words)
        set -l word $words[$at]
        set -l valued
        switch $word
            case --
                echo $at
                return 0
            case '--*=*'
            case '--*'
                if contains -- $word $__forkpool_valued
                    set valued 1
                else if not contains -- $word $__forkpool_flags
                    # A long name may be abbreviated.
                    string match -q -- "$word*" $__forkpool_valued; and set valued 1
                end
            case '-?*'
                # The value of the first letter that takes one is the rest of the word, or else the next word.
                for letter in (string split '' -- (string sub -s 2 -- $word))
                    if set -q valued[1]
                        set -e valued
                        break
                    end
                    contains -- -$letter $__forkpool_valued; and set valued 1
                end
            case '*'
                echo (math $at - 1)
                return 0
        end
        if set -q valued[1]
            set at (math $at + 1)
        end
        set at (math $at + 1)
    end
    test $at -gt (math (count $words) + 1); and return 2
    return 1
end

# Whether the cursor is at the value of an option.
function __forkpool_at_value
    __forkpool_before_command >/dev/null
    test $status -eq 2
end

function __forkpool_in_options
    not __forkpool_before_command >/dev/null
end

# Whether the cursor is at the command, or behind it.
function __forkpool_behind_options
    set -l before (__forkpool_before_command)
    set -l state $status
    if test $state -eq 1
        not string match -q -- '-*' (commandline -ct)
    else
        test $state -eq 0
    end
end

function __forkpool_items
    set -l before (__forkpool_before_command); or return
    set -l words (commandline -opc)
    string match -qr -- '^::::?\+?$' $words[(math $before + 1)..]
end

function __forkpool_rest
    set -l words (commandline -opc)
    set -l before (__forkpool_before_command); or set before (count $words)
    set -l here (commandline -ct)
    if string match -q -- ':*' $here; or string match -qr -- '^--plugin($|=)' $words[1..$before]
        printf '%s\n' ::: :::: :::+ ::::+
    else
        set -l command (string escape -- $words[(math $before + 1)..]) $here
        complete -C "$command"
    end
end

# Signals and milliseconds by turns, with KILL at the end.
function __forkpool_term_seq
    set -l value (string replace -r -- '^--[a-z-]*=' '' (commandline -ct))
    set -l before (string replace -r -- '[^,]*$' '' $value)
    if test (math (count (string split -- , $value)) % 2) -eq 0
        printf '%s\n' $before{100,200,500,1000,5000},
    else
        test -n "$before"; and printf '%s\n' $before'KILL'
        printf '%s\n' $before'TERM,'
    end
end

# A shared object, a colon, and functions of the object.
function __forkpool_plugin
    set -l value (string replace -r -- '^--[a-z-]*=' '' (commandline -ct))
    set -l parts (string match -r -- '^(.*):([^:]*,)?[^:,]*$' $value)
    if not set -q parts[1]
        complete -C "'' $value" | string match -r -- '^[^\t]*(?:\.so|/)(?=\t|$)'
        return
    end
    set -l object (string replace -r -- '^~/' "$HOME/" $parts[2])
    string match -q -- '*/*' $object; or set object ./$object
    nm -D --defined-only $object 2>/dev/null |
        awk '$2 == "T" && $3 ~ /^[A-Za-z_][A-Za-z0-9_]*$/ && $3 !~ /^(_init|_fini|forkpool_plugin_(init|exit))$/ { print $3 }' |
        string replace -r -- '^' (string escape --style=regex -- "$parts[2]:$parts[3]" | string replace -a -- '$' '$$')
end

# Takes the arguments of complete(1) for one option.
function __forkpool_option
    set -l names
    set -l before
    for word in $argv
        switch "$before"
            case -s
                set -a names -$word
            case -l
                set -a names --$word
        end
        set before $word
    end
    if contains -- -x $argv; or contains -- -r $argv
        set -ga __forkpool_valued $names
    else
        set -ga __forkpool_flags $names
    end
    complete -c forkpool -n __forkpool_in_options $argv
end

set -l number '1 2 4 8 16 32 64 100 1000'
set -l size '64K 1M 16M 64M 256M 1G 4G'
set -l time '100ms 500ms 1s 5s 10s 30s 1m 10m 1h'

complete -c forkpool -f
__forkpool_option -s a -l arg-file -r -F -d 'Take items from a file'
__forkpool_option -s 0 -l null -d 'Items end with a NUL byte'
__forkpool_option -s d -l delimiter -x -d 'Items end with that byte'
__forkpool_option -s C -l colsep -x -d 'Split each item into columns'
__forkpool_option -l link -d 'All sources go item by item'
__forkpool_option -l header -x -a : -d 'The first line has the columns\' names'
__forkpool_option -s E -x -d 'That line ends the input'
__forkpool_option -s e -l eof -d 'That line ends the input, or nothing does'
__forkpool_option -s r -l no-run-if-empty -d 'Pass over blank items'
__forkpool_option -l pipe -d 'Cut standard input into blocks, each one job\'s'
__forkpool_option -l block -x -k -a $size -d 'Blocks of so many bytes'

__forkpool_option -s n -l max-args -x -k -a $number -d 'So many items in each job'
__forkpool_option -s N -l max-replace-args -x -k -a $number -d 'So many items in each job, with the word around {} repeated'
__forkpool_option -s L -x -k -a $number -d 'So many lines of items in each job'
__forkpool_option -s l -l max-lines -k -a $number -d 'So many lines of items in each job, or one'
__forkpool_option -s m -d 'As many items in each job as fit'
__forkpool_option -s X -d 'As many items in each job as fit, with the word around {} repeated'
__forkpool_option -s s -l max-chars -x -k -a $size -d 'Command lines of at most so many bytes'
__forkpool_option -s x -l exit -d 'Stop where items do not fit'
__forkpool_option -s I -x -d 'Put items in place of that text instead of {}'
__forkpool_option -s i -l replace -d 'Put items in place of that text, or of {}'
__forkpool_option -l plus -d 'More placeholders'

__forkpool_option -l shell -d 'The command is a text for sh'
__forkpool_option -l plugin -x -a '(__forkpool_plugin)' -d 'Run functions of a shared object instead of a command'
__forkpool_option -l plugin-args -x -d 'Text for the plug-in\'s start'
__forkpool_option -l nice -x -k -a '5 10 15 19' -d 'Add to the jobs\' niceness'
__forkpool_option -l wd -x -a '(__fish_complete_directories)' -d 'Run jobs in a directory'
__forkpool_option -l tmpdir -x -a '(__fish_complete_directories)' -d 'Where output waits'
__forkpool_option -l process-slot-var -x -d 'Environment variable for the number of a job\'s worker'
__forkpool_option -l env -x -a '(set -xn)' -d 'Give jobs a variable'
__forkpool_option -l stdin-from -r -F -d 'The file that is each job\'s standard input'
__forkpool_option -s q -l quote -d 'Run the command without a shell (with --compat=parallel)'

__forkpool_option -s j -l jobs -x -k -a '1 2 4 8 16 32 64 50% 100% 200% +1 -1 0' -d 'Run so many at a time'
__forkpool_option -l jobserver -d 'Be make\'s jobserver for the jobs'
__forkpool_option -l jobserver-style -x -a 'auto pipe fifo' -d 'How its tokens are handed on'
__forkpool_option -l delay -x -k -a $time -d 'Time from the start of a job to that of the next'
__forkpool_option -l load -x -k -a '50% 100% 150% 1 2 4 8' -d 'Start none while the load is above that'
__forkpool_option -l memfree -x -k -a $size -d 'Start none while less memory is free'
__forkpool_option -l limit -x -d 'A command that says whether a job may begin'
__forkpool_option -l retries -x -k -a $number -d 'Run a job that fails so many times in all'
__forkpool_option -l retry-delay -x -k -a $time -d 'Wait before the second run, and each time twice as long'
__forkpool_option -l halt -x -k -a 'never {now,soon},{fail,success,done}={1,10%}' -d 'Stop early'
__forkpool_option -s p -l interactive -d 'Ask before each job'
__forkpool_option -s t -l verbose -d 'Print each command as it starts'
__forkpool_option -l dry-run -d 'Print the commands and run none'
__forkpool_option -l explain -d 'Print what each job would be run with, and run none'

__forkpool_option -l timeout -x -k -a $time -d 'End a job that runs longer'
__forkpool_option -l term-seq -x -k -a '(__forkpool_term_seq)' -d 'How jobs are ended: signals and milliseconds'
__forkpool_option -l grace -x -k -a $time -d 'Time from SIGTERM to SIGKILL'
__forkpool_option -l mem -x -k -a $size -d 'Memory of each process of a job'
__forkpool_option -l stack -x -k -a $size -d 'Stack of each process'
__forkpool_option -l cpu -x -k -a $time -d 'Processor time of a job'
__forkpool_option -l fsize -x -k -a $size -d 'How large a file may become'
__forkpool_option -l nofile -x -k -a '64 256 1024 4096' -d 'Open files of each process'
__forkpool_option -l pids -x -k -a $number -d 'Processes of a job at a time'
__forkpool_option -l sandbox -d 'Deny jobs all that is not opened up'
__forkpool_option -l readable -r -F -d 'Open a path in the sandbox for reading'
__forkpool_option -l writable -r -F -d 'Open a path in the sandbox for writing'
__forkpool_option -l network -d 'Open up the network in the sandbox'
__forkpool_option -l scratch -x -k -a $size -d 'Room in the sandbox\'s own /tmp'
__forkpool_option -l host-root -d 'A sandbox without a root directory of its own'
__forkpool_option -l uid -x -a '(__fish_complete_users)' -d 'Run sandboxed jobs as a user'

__forkpool_option -l group -d 'A job\'s output when it has ended'
__forkpool_option -l group-markers -x -a 'github gitlab' -d 'The same, folded in the log of a CI service'
__forkpool_option -l line-buffer -d 'Each line of output as soon as it is whole'
__forkpool_option -s u -l ungroup -d 'Jobs write by themselves, unsorted'
__forkpool_option -s k -l keep-order -d 'Output in the order of the input'
__forkpool_option -l tag -d 'The items before each line of output'
__forkpool_option -l tagstring -x -d 'Text before each line of output'
__forkpool_option -l json -d 'An object for each job instead of its output'
__forkpool_option -l bar -d 'A progress bar'
__forkpool_option -l eta -d 'How many are done and how long it will take'
__forkpool_option -l status -d 'A live screen on a terminal'
__forkpool_option -l quiet -d 'No line for each job that failed'

__forkpool_option -l joblog -r -F -d 'A line for each job, in GNU parallel\'s format'
__forkpool_option -l resume -d 'Pass over jobs that the joblog has'
__forkpool_option -l resume-failed -d 'Pass over jobs that the joblog has, but for those that failed'
__forkpool_option -l retry-failed -d 'Run only what failed, by the joblog or the journal'
__forkpool_option -l results -r -F -d 'Keep each job\'s output below a directory, or in a .csv .tsv .json .tap'
__forkpool_option -l results-json -r -F -d 'An object for each job, one a line'
__forkpool_option -l junit -r -F -d 'A test report in JUnit\'s XML'
__forkpool_option -l journal -r -F -d 'Go on where a run that was killed stopped'
__forkpool_option -l report -r -F -d 'A page about the run'
__forkpool_option -l trace -r -F -d 'A timeline for Perfetto'
__forkpool_option -l metrics-file -r -F -d 'Numbers for Prometheus'

__forkpool_option -l compat -x -a 'xargs parallel native' -d 'Be as another program'
__forkpool_option -l number-of-threads -d 'Print how many processors may be used'
__forkpool_option -l number-of-cores -d 'Print how many cores there are'
__forkpool_option -l number-of-sockets -d 'Print how many sockets there are'
__forkpool_option -s h -l help -d 'Print what options there are'
__forkpool_option -s V -l version -d 'Print the version'

# Further names, which are accepted but not offered.
set -ga __forkpool_valued --argfile --col-sep --block-size --maxargs --workdir --work-dir -P --max-procs
set -ga __forkpool_valued --halt-on-error --termseq --tag-string --tempdir --jl --result --res
set -ga __forkpool_flags --xapply --spreadstdin --number-of-cpus --dryrun --lb --linebuffer --line-buffered --keeporder --progress --resumefailed --retryfailed
set -ga __forkpool_flags --will-cite --gnu --plain --silent --no-notice

complete -c forkpool -k -n '__forkpool_behind_options; and not __forkpool_items' -a '(__forkpool_rest)'
complete -c forkpool -F -n __forkpool_items
# Files, for the value of a name that fish does not know; for other names it has the completion above.
complete -c forkpool -F -n __forkpool_at_value

functions -e __forkpool_option
