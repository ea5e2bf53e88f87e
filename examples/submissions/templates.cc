/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile: each of these types needs two others. */
template <int depth, unsigned long path> struct tree {
	static const long value = tree<depth - 1, 2 * path>::value + tree<depth - 1, 2 * path + 1>::value;
};
template <unsigned long path> struct tree<0, path> {
	static const long value = path;
};

int
main()
{
	return tree<60, 0>::value != 0;
}
