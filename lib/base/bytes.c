/* SPDX-License-Identifier: Apache-2.0 */
/* A growing buffer of bytes. */
#include "bytes.h"

#include <string.h>

bool hs_bytes_append(struct hs_bytes *bytes, const void *data, size_t n)
{
	if (!n)
		return true;
	if (n > SIZE_MAX - bytes->n || !hs_array_reserve(bytes, bytes->n + n))
		return false;
	if (data)
		memcpy(bytes->items + bytes->n, data, n);
	else
		memset(bytes->items + bytes->n, 0, n);
	bytes->n += n;
	return true;
}

bool hs_bytes_align(struct hs_bytes *bytes, size_t alignment)
{
	return hs_bytes_append(bytes, NULL, (alignment - bytes->n % alignment) % alignment);
}
