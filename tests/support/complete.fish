#!/usr/bin/env fish
# SPDX-License-Identifier: BSD-2-Clause
# What fish completes, with the completions that it finds by itself: complete.fish <lines
#
# For each line one is written: what is offered, a tab behind each, but for what stood there before the last = or :.
complete -c ftcmd -f -a 'one two'
complete -c ftcmd -l alpha
complete -c ftcmd -l beta
while read -l line
    set -l head (string match -r -- '[^ ]*[=:]' (string match -r -- '[^ ]*$' $line))
    set -l offered
    for word in (complete -C "$line" | string replace -r '\t.*' '')
        set -a offered (string replace -r -- '^'(string escape --style=regex -- "$head") '' $word)
    end
    string join \t -- $offered ''
end
