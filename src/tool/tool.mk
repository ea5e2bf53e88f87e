# SPDX-License-Identifier: BSD-2-Clause
# The command.  It uses the library as any program does, through the installed headers.  Its files stand folder by
# folder, from the lowest folder to the highest: a file may use what is in its own folder and below
# (tests/checks/folders.sh).
tool_sources = \
	src/tool/base/file_io.c src/tool/base/file_io.h \
	src/tool/base/escape.c src/tool/base/escape.h \
	src/tool/base/display_width.c src/tool/base/display_width.h \
	src/tool/base/message.c src/tool/base/message.h \
	src/tool/base/clock.c src/tool/base/clock.h \
	src/tool/base/bytes.c src/tool/base/bytes.h \
	src/tool/base/escape_lines.c src/tool/base/escape_lines.h \
	src/tool/base/median.c src/tool/base/median.h \
	src/tool/base/array.c src/tool/base/array.h \
	src/tool/base/terminal.c src/tool/base/terminal.h \
	src/tool/base/checksum.c src/tool/base/checksum.h \
	src/tool/base/parse_units.c src/tool/base/parse_units.h \
	src/tool/base/processor_count.c src/tool/base/processor_count.h \
	src/tool/base/fatal_signals.c src/tool/base/fatal_signals.h \
	src/tool/base/shell_quote.c src/tool/base/shell_quote.h \
	src/tool/base/shell_escape.c src/tool/base/shell_escape.h \
	src/tool/base/temporary.c src/tool/base/temporary.h \
	src/tool/base/untrusted_place.c src/tool/base/untrusted_place.h \
	src/tool/base/anchored_file.c src/tool/base/anchored_file.h \
	src/tool/base/atomic_file.c src/tool/base/atomic_file.h \
	src/tool/cli/makeflags.c src/tool/cli/makeflags.h \
	src/tool/cli/options.h \
	src/tool/cli/option_table.c src/tool/cli/option_table.h \
	src/tool/cli/option_refused.c \
	src/tool/cli/option_values.c src/tool/cli/option_values.h \
	src/tool/cli/cli_internal.h \
	src/tool/cli/defaults.c \
	src/tool/cli/usage.c \
	src/tool/cli/xargs.c \
	src/tool/cli/parallel.c \
	src/tool/cli/option_check.c \
	src/tool/cli/argv_scan.c src/tool/cli/argv_scan.h \
	src/tool/cli/options_read.c \
	src/tool/task/task.c src/tool/task/task.h \
	src/tool/task/brief.c src/tool/task/brief.h \
	src/tool/task/output_buffer.c src/tool/task/output_buffer.h \
	src/tool/task/outcome.c src/tool/task/outcome.h \
	src/tool/task/halt.c src/tool/task/halt.h \
	src/tool/task/totals.c src/tool/task/totals.h \
	src/tool/task/job.c src/tool/task/job.h \
	src/tool/items/input_error.c src/tool/items/input_error.h \
	src/tool/items/record_reader.c src/tool/items/record_reader.h \
	src/tool/items/white_space.h \
	src/tool/items/xargs_splitter.c src/tool/items/xargs_splitter.h \
	src/tool/items/source.c src/tool/items/source.h \
	src/tool/items/columns.c src/tool/items/columns.h \
	src/tool/items/item_store.c src/tool/items/item_store.h \
	src/tool/items/rows.c src/tool/items/rows.h \
	src/tool/taskgen/placeholder.c src/tool/taskgen/placeholder.h \
	src/tool/taskgen/template.h \
	src/tool/taskgen/template_internal.h \
	src/tool/taskgen/template_parse.c \
	src/tool/taskgen/template_check.c \
	src/tool/taskgen/template_expand.c \
	src/tool/taskgen/task_builder.c src/tool/taskgen/task_builder.h \
	src/tool/taskgen/command_limit.c src/tool/taskgen/command_limit.h \
	src/tool/taskgen/batcher.c src/tool/taskgen/batcher.h \
	src/tool/taskgen/stdin_blocks.c src/tool/taskgen/stdin_blocks.h \
	src/tool/journal/checkpoint.c src/tool/journal/checkpoint.h \
	src/tool/journal/inflight.c src/tool/journal/inflight.h \
	src/tool/journal/sink.c src/tool/journal/sink.h \
	src/tool/journal/journal_internal.h \
	src/tool/journal/journal_file.c src/tool/journal/journal_file.h \
	src/tool/journal/journal_file_open.c \
	src/tool/journal/journal_entry.c src/tool/journal/journal_entry.h \
	src/tool/journal/known.c src/tool/journal/known.h \
	src/tool/journal/rounds.c src/tool/journal/rounds.h \
	src/tool/journal/command_key.c src/tool/journal/command_key.h \
	src/tool/journal/journal.c src/tool/journal/journal.h \
	src/tool/exec/exec_error.c src/tool/exec/exec_error.h \
	src/tool/exec/command.c src/tool/exec/command.h \
	src/tool/exec/plugin_symbols.c src/tool/exec/plugin_symbols.h \
	src/tool/exec/plugin.c src/tool/exec/plugin.h \
	src/tool/exec/limit_command.c src/tool/exec/limit_command.h \
	src/tool/exec/throttle.c src/tool/exec/throttle.h \
	src/tool/exec/cgroup_own.c src/tool/exec/cgroup_own.h \
	src/tool/exec/run_cgroup.c src/tool/exec/run_cgroup.h \
	src/tool/exec/job_fd.c src/tool/exec/job_fd.h \
	src/tool/exec/fd_pass.c src/tool/exec/fd_pass.h \
	src/tool/exec/input_file.c src/tool/exec/input_file.h \
	src/tool/exec/channels.c src/tool/exec/channels.h \
	src/tool/jobserver/token_pipe.c src/tool/jobserver/token_pipe.h \
	src/tool/jobserver/client.c src/tool/jobserver/client.h \
	src/tool/jobserver/server.c src/tool/jobserver/server.h \
	src/tool/jobserver/jobserver.c src/tool/jobserver/jobserver.h \
	src/tool/records/record.h \
	src/tool/records/record_writer.c src/tool/records/record_writer.h \
	src/tool/records/json_string.c src/tool/records/json_string.h \
	src/tool/records/xml_text.c src/tool/records/xml_text.h \
	src/tool/records/held_bytes.c src/tool/records/held_bytes.h \
	src/tool/records/name_set.c src/tool/records/name_set.h \
	src/tool/records/record_name.c src/tool/records/record_name.h \
	src/tool/records/joblog.c src/tool/records/joblog.h \
	src/tool/records/results_path.c src/tool/records/results_path.h \
	src/tool/records/results_dir.c src/tool/records/results_dir.h \
	src/tool/records/results_tap.c src/tool/records/results_tap.h \
	src/tool/records/results_table.c src/tool/records/results_table.h \
	src/tool/records/results_json.c src/tool/records/results_json.h \
	src/tool/records/junit.c src/tool/records/junit.h \
	src/tool/records/records.c src/tool/records/records.h \
	src/tool/records/resume.c src/tool/records/resume.h \
	src/tool/reports/attempt.h \
	src/tool/reports/trace.c src/tool/reports/trace.h \
	src/tool/reports/metrics.c src/tool/reports/metrics.h \
	src/tool/reports/report_text.c src/tool/reports/report_text.h \
	src/tool/reports/report_stats.c src/tool/reports/report_stats.h \
	src/tool/reports/report.c src/tool/reports/report.h \
	src/tool/reports/observers.c src/tool/reports/observers.h \
	src/tool/display/rate.c src/tool/display/rate.h \
	src/tool/display/screen.c src/tool/display/screen.h \
	src/tool/display/rss.c src/tool/display/rss.h \
	src/tool/display/confirm.c src/tool/display/confirm.h \
	src/tool/display/status.c src/tool/display/status.h \
	src/tool/display/progress.c src/tool/display/progress.h \
	src/tool/run/interrupts.c src/tool/run/interrupts.h \
	src/tool/run/output_writer.c src/tool/run/output_writer.h \
	src/tool/run/joblog_queue.c src/tool/run/joblog_queue.h \
	src/tool/run/task_queue.c src/tool/run/task_queue.h \
	src/tool/run/jobs_waiting.c src/tool/run/jobs_waiting.h \
	src/tool/run/median_timeout.c src/tool/run/median_timeout.h \
	src/tool/run/retries.c src/tool/run/retries.h \
	src/tool/run/order.c src/tool/run/order.h \
	src/tool/run/run_totals.c src/tool/run/run_totals.h \
	src/tool/run/group_markers.c src/tool/run/group_markers.h \
	src/tool/run/publish.c src/tool/run/publish.h \
	src/tool/run/sandbox_paths.c src/tool/run/sandbox_paths.h \
	src/tool/run/job_environment.c src/tool/run/job_environment.h \
	src/tool/run/open_files.c src/tool/run/open_files.h \
	src/tool/run/command_check.c src/tool/run/command_check.h \
	src/tool/run/pool_setup.c src/tool/run/pool_setup.h \
	src/tool/run/dry_run.c src/tool/run/dry_run.h \
	src/tool/run/explain.c src/tool/run/explain.h \
	src/tool/run/run_state.h \
	src/tool/run/submit.c src/tool/run/submit.h \
	src/tool/run/suspend.c src/tool/run/suspend.h \
	src/tool/run/completion.c src/tool/run/completion.h \
	src/tool/run/replay.c src/tool/run/replay.h \
	src/tool/run/scheduler.c src/tool/run/scheduler.h \
	src/tool/run/shown.c src/tool/run/shown.h \
	src/tool/run/shortage.c src/tool/run/shortage.h \
	src/tool/run/run.c src/tool/run/run.h

# The tests link libforkpool-tool.la, which has everything but main().
if BUILD_TOOL
bin_PROGRAMS = forkpool
noinst_LTLIBRARIES += libforkpool-tool.la
BUILT_SOURCES += src/tool/reports/report_page.h
endif
forkpool_SOURCES = src/tool/main.c
forkpool_CPPFLAGS = $(src_includes) $(LIBBSD_CFLAGS) $(JANSSON_CFLAGS)
# -export-dynamic: a plug-in finds forkpool_reply() in the program, also if the library is linked statically.
forkpool_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
forkpool_LDADD = libforkpool-tool.la libforkpool.la $(LIBBSD_LIBS) $(JANSSON_LIBS) $(DL_LIBS)
libforkpool_tool_la_SOURCES = $(tool_sources)
libforkpool_tool_la_LIBTOOLFLAGS = $(convenience)
nodist_libforkpool_tool_la_SOURCES = src/tool/reports/report_page.h
libforkpool_tool_la_CPPFLAGS = $(forkpool_CPPFLAGS) -iquote src

# The page of --report as a C array of strings.  The lines "@include FILE" of page.html are replaced by the files, and
# each line becomes a string.  The line "@data" ends an element of the array: the report writes its data there.
report_files = \
	src/tool/reports/page/page.html \
	src/tool/reports/page/page.css \
	src/tool/reports/page/data.js \
	src/tool/reports/page/colours.js \
	src/tool/reports/page/timeline.js \
	src/tool/reports/page/lists.js \
	src/tool/reports/page/page.js
# For "make forkpool" in a new build directory; the others have it from BUILT_SOURCES.  By a variable, since automake
# leaves out its own rule for what has one here.
report_object = src/tool/reports/libforkpool_tool_la-report.lo
$(report_object): src/tool/reports/report_page.h
src/tool/reports/report_page.h: $(report_files)
	$(AM_V_GEN)$(MKDIR_P) src/tool/reports && { \
		echo 'static const char *const report_page[] = {' && \
		$(AWK) '$$1 == "@include" { file = dir "/" $$2; while ((getline <file) > 0) print; next } { print }' \
			dir="$(srcdir)/src/tool/reports/page" "$(srcdir)/src/tool/reports/page/page.html" | \
		$(SED) -e '/^@data$$/{' -e 's/.*/,/' -e b -e '}' -e 's/[\\"?]/\\&/g' -e 's/.*/"&\\n"/' && \
		echo '};'; \
	} >$@.tmp && mv $@.tmp $@
CLEANFILES += src/tool/reports/report_page.h
EXTRA_DIST += $(report_files)
