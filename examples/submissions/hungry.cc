/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes all memory that it can get. */
#include <vector>

int
main()
{
	std::vector<std::vector<char>> blocks;

	for (;;)
		blocks.emplace_back(1 << 20, 'x');
}
