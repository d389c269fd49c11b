/* SPDX-License-Identifier: Apache-2.0 */
/* Growth of the typed arrays of array.h. */
#include "array.h"

bool hs_array_reserve_raw(void **items, size_t *capacity, size_t n, size_t element_bytes)
{
	if (n <= *capacity)
		return true;

	size_t wanted = *capacity + *capacity / 2;
	if (wanted < n)
		wanted = n < 8 ? 8 : n;
	void *grown = reallocarray(*items, wanted, element_bytes);
	if (!grown)
		return false;
	*items = grown;
	*capacity = wanted;
	return true;
}
