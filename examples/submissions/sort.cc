/* SPDX-License-Identifier: BSD-2-Clause */
/* Right: sorts with the library of C++. */
#include <algorithm>
#include <iostream>
#include <iterator>
#include <vector>

int
main()
{
	std::vector<long long> numbers{std::istream_iterator<long long>(std::cin), {}};

	std::sort(numbers.begin(), numbers.end());
	for (long long number : numbers)
		std::cout << number << "\n";
}
