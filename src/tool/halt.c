#include "config.h"
#include "halt.h"

int
halt_reached(const struct halt_option *h, uint64_t failed, uint64_t succeeded, uint64_t total)
{
	uint64_t done = failed + succeeded;
	uint64_t count = h->what == HALT_FAIL ? failed : h->what == HALT_SUCCESS ? succeeded : done;

	if (h->when == HALT_NEVER || done == 0)
		return 0;
	if (h->percent > 0)
		return total > 0 && done >= 3 && (double)count >= h->percent / 100 * (double)total;
	return count >= h->count;
}
