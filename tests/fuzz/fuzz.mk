# SPDX-License-Identifier: BSD-2-Clause
# Each of fuzz_targets is tests/fuzz/fuzz_NAME.c, a libFuzzer entry linked with the whole library.
fuzz_targets = fuzz_wire
FUZZ_CC = clang
FUZZ_SECONDS = 60

fuzz:
	@sources=; for file in $(core_sources); do \
		case $$file in *.c) sources="$$sources $(srcdir)/$$file" ;; esac; \
	done; \
	test -n "$(fuzz_targets)" || { echo "there is no fuzz target"; exit 1; }; \
	$(MKDIR_P) fuzz; \
	for target in $(fuzz_targets); do \
		echo "fuzz: $$target for $(FUZZ_SECONDS) s"; \
		$(FUZZ_CC) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
			-I. -I$(srcdir) $(src_includes) $(LIBBSD_CFLAGS) $(LIBSECCOMP_CFLAGS) $(LIBUNWIND_CFLAGS) \
			-o fuzz/$$target $(srcdir)/tests/fuzz/$$target.c $$sources \
			$(LIBBSD_LIBS) $(LIBSECCOMP_LIBS) $(LIBUNWIND_LIBS) $(LIBS) && \
		(cd fuzz && ./$$target -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1) || exit 1; \
	done

clean-local:
	rm -rf fuzz bench vm
.PHONY: fuzz

EXTRA_DIST += tests/fuzz/fuzz_wire.c
