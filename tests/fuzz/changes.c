/* SPDX-License-Identifier: Apache-2.0 */
/* Reading changes off an input. Knows nothing of what the changed bytes mean. */
#include "changes.h"

#include <string.h>

static uint64_t word_of(const struct place *places, unsigned n_places, uint8_t how, uint64_t old, uint32_t value)
{
	const struct place *place = &places[value % n_places];

	switch (how & 7) {
	case 0:
		return value;
	case 1:
		return (uint64_t)value << 32;
	case 2:
		return place->start + (value >> 8) % place->bytes;
	case 3:
		return (place->start + (value >> 8) % place->bytes) & ~(uint64_t)7;
	case 4:
		return old + (uint64_t)(int64_t)(int32_t)value;
	case 5:
		return old ^ (uint64_t)1 << (value & 63);
	case 6:
		return 0 - (uint64_t)value;
	default:
		return (old & ~(uint64_t)0xff) | (value & 0xff);
	}
}

size_t changes_apply(const struct fake_heap *fake, const struct place *places, unsigned n_places, const uint8_t *data, size_t bytes,
		     struct change *ret)
{
	size_t n = 0;

	for (; bytes >= CHANGE_BYTES && n < MAX_CHANGES; data += CHANGE_BYTES, bytes -= CHANGE_BYTES) {
		const struct place *place = &places[data[0] % n_places];
		uint32_t offset, value;
		memcpy(&offset, data + 4, sizeof(offset));
		memcpy(&value, data + 8, sizeof(value));
		uint32_t at = offset % (place->bytes - 8);
		ret[n].at = fake_at(fake, place->start + (data[1] & 8 ? at : at & ~7u), 8);
		memcpy(&ret[n].before, ret[n].at, sizeof(uint64_t));
		uint64_t word = word_of(places, n_places, data[1], ret[n].before, value);
		memcpy(ret[n++].at, &word, sizeof(word));
	}
	return n;
}

void changes_undo(const struct change *changes, size_t n)
{
	while (n--)
		memcpy(changes[n].at, &changes[n].before, sizeof(uint64_t));
}
