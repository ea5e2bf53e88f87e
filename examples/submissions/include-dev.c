/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile: includes what has no end. */
#include "/dev/zero"
