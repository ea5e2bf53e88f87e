# SPDX-License-Identifier: BSD-2-Clause
# Completions for the shells.  Bash looks for a file that has the name of the command.
completion_files = completions/forkpool.bash completions/_forkpool completions/forkpool.fish
if BUILD_TOOL
bashcompletion_DATA = completions/forkpool
zshcompletion_DATA = completions/_forkpool
fishcompletion_DATA = completions/forkpool.fish
endif
completions/forkpool: completions/forkpool.bash
	$(AM_V_GEN)$(MKDIR_P) completions && cp "$(srcdir)/completions/forkpool.bash" $@
CLEANFILES += completions/forkpool
EXTRA_DIST += $(completion_files)
