/* SPDX-License-Identifier: BSD-2-Clause */
/* Right, with threads: they count as processes, of which it may have some. */
#include <iostream>
#include <thread>

int
main()
{
	long long number, even = 0, odd = 0;
	std::thread nothing([] {});

	nothing.join();
	while (std::cin >> number)
		(number % 2 == 0 ? even : odd) += number;
	std::cout << even + odd << "\n";
}
