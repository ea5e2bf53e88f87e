/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/run/run_state.h"

struct run_state r;
