# SPDX-License-Identifier: BSD-2-Clause
# The tests on other kernels, on other processors, both in a virtual machine, and with another C library.  What of
# those is to run, and on what: VM_FLAGS="-k linux-image-cloud-amd64 -u user smoke", MUSL_TESTS="tests/pool/test_jobs".
if HAVE_CHECK
check_PROGRAMS += tests/vm/hide
endif
tests_vm_hide_LDADD = libsupport.la

vm: all $(check_PROGRAMS)
	$(srcdir)/tests/vm/run -b $(abs_builddir) $(VM_FLAGS)

# These build in directories of their own, as many processes side by side as JOBS says (2).
vm-arm64 vm-i386:
	$(srcdir)/tests/vm/system $(@:vm-%=%) $@.d
	$(srcdir)/tests/vm/run -s $@.d $(VM_FLAGS)

check-musl:
	$(srcdir)/tests/vm/musl $@.d $(MUSL_TESTS)
.PHONY: vm vm-arm64 vm-i386 check-musl

EXTRA_DIST += \
	tests/vm/init \
	tests/vm/musl \
	tests/vm/plan.amd64 \
	tests/vm/plan.arm64 \
	tests/vm/plan.i386 \
	tests/vm/run \
	tests/vm/system
