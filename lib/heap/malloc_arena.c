/* SPDX-License-Identifier: Apache-2.0 */
/* Finding arenas by what only they can be: rows of lists that point to themselves, in a circle of arenas. */
#include "malloc_arena.h"

#define N_BINS 127
#define N_FASTBINS 10
#define WORD 8
#define BIN_BYTES 16
#define CHUNK_HEADER 16
#define CHUNK_MIN 32
#define CHUNK_STEP 16
/* Behind the bins */
#define NEXT_OFFSET ((hs_addr)N_BINS * BIN_BYTES + 16)
#define SYSTEM_BYTES_OFFSET (NEXT_OFFSET + 24)
/* Where the bins may stand in an arena: right behind lock, flags, top and remainder (2.43), or behind ten fastbins besides. */
#define MIN_BINS_OFFSET 0x18
#define MAX_BINS_OFFSET 0x80
#define MIN_BINS_OFFSET_WITH_FASTBINS 0x68

#define MIN_EMPTY_BINS 8  /* most are: those for large sizes of a step each */
#define MAX_TORN_BINS 2   /* in the midst of a change */
#define MAX_ARENAS 16384  /* glibc makes eight a core at most, unless told otherwise */
#define MAX_LOOKS ((unsigned)1 << 18)
#define MAX_FASTBIN_CHUNKS ((uint32_t)1 << 24)

static hs_addr word(const struct malloc_chunks *chunks, hs_addr address)
{
	return hs_image_word(chunks->image, address);
}

/* A bin as a chunk's address: its two words stand where a free chunk's links do. */
static bool is_empty_bin(const struct malloc_chunks *chunks, hs_addr bin)
{
	return word(chunks, bin) == bin - BIN_BYTES && word(chunks, bin + WORD) == bin - BIN_BYTES;
}

/* The first chunk's link back and the last one's forward are the bin. */
static bool is_linked_bin(const struct malloc_chunks *chunks, hs_addr bin)
{
	hs_addr first = word(chunks, bin), last = word(chunks, bin + WORD);

	return word(chunks, first + 24) == bin - BIN_BYTES && word(chunks, last + 16) == bin - BIN_BYTES;
}

struct search {
	struct malloc_chunks *chunks;
	unsigned n_looks_left; /* at 127 bins each: bounds the work on data that are made to look like arenas */
};

static bool are_bins(struct search *search, hs_addr bins)
{
	const struct malloc_chunks *chunks = search->chunks;
	unsigned n_empty = 0, n_torn = 0;

	if (bins & 7 || !search->n_looks_left)
		return false;
	search->n_looks_left--;
	for (unsigned i = 0; i < N_BINS && n_torn <= MAX_TORN_BINS; i++) {
		hs_addr bin = bins + (hs_addr)i * BIN_BYTES;
		if (is_empty_bin(chunks, bin))
			n_empty++;
		else if (!is_linked_bin(chunks, bin))
			n_torn++;
	}
	return n_torn <= MAX_TORN_BINS && n_empty >= MIN_EMPTY_BINS;
}

/* Follows the circle of arenas from the one with these bins; the number of arenas in it, 0 when it is none. */
static unsigned circle_length(struct search *search, hs_addr bins, hs_addr offset)
{
	hs_addr arena = bins - offset, next = word(search->chunks, bins + NEXT_OFFSET);
	unsigned n = 1;

	for (; next != arena; n++) {
		if (n == MAX_ARENAS || !are_bins(search, next + offset))
			return 0;
		next = word(search->chunks, next + offset + NEXT_OFFSET);
	}
	return n;
}

static struct hs_error *add_circle(struct malloc_chunks *chunks, hs_addr bins, hs_addr offset, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct malloc_arena *arena = hs_array_append(&chunks->arenas);
		if (!arena)
			return hs_error_no_memory();
		*arena = (struct malloc_arena){
			.address = bins - offset, .end = bins + SYSTEM_BYTES_OFFSET + 2 * WORD, .top = word(chunks, bins - 2 * WORD),
			.system_bytes = word(chunks, bins + SYSTEM_BYTES_OFFSET),
			.fastbins = offset >= MIN_BINS_OFFSET_WITH_FASTBINS ? bins - (2 + N_FASTBINS) * WORD : 0,
		};
		bins = word(chunks, bins + NEXT_OFFSET) + offset;
	}
	return NULL;
}

/* An empty bin stands at `bin`: is it one of an arena's, and where do its bins begin? Several answers fit the bins; one, the circle. */
static struct hs_error *look_at_bin(struct search *search, hs_addr bin)
{
	for (unsigned i = 0; i < N_BINS; i++) {
		hs_addr bins = bin - (hs_addr)i * BIN_BYTES;
		if (!are_bins(search, bins))
			continue;
		for (hs_addr offset = MIN_BINS_OFFSET; offset <= MAX_BINS_OFFSET; offset += WORD) {
			unsigned n = circle_length(search, bins, offset);
			if (n)
				return add_circle(search->chunks, bins, offset, n);
		}
	}
	return NULL;
}

/* Static data of one segment. */
static struct hs_error *look_at_statics(struct search *search, hs_addr start, hs_addr end)
{
	struct malloc_chunks *chunks = search->chunks;

	for (hs_addr at = (start + 7) & ~(hs_addr)7; at + BIN_BYTES <= end && !chunks->arenas.n && search->n_looks_left; at += WORD)
		if (is_empty_bin(chunks, at))
			HS_TRY(look_at_bin(search, at));
	return NULL;
}

struct hs_error *malloc_arenas_find(struct malloc_chunks *chunks)
{
	size_t n_statics, n_segments, i = 0;
	const struct hs_static_range *statics = hs_image_static_ranges(chunks->image, &n_statics);
	const struct hs_segment *segments = hs_image_segments(chunks->image, &n_segments);
	struct search search = { chunks, MAX_LOOKS };

	/* both by ascending address */
	for (size_t k = 0; k < n_segments; k++) {
		while (i < n_statics && statics[i].end <= segments[k].start)
			i++;
		for (size_t j = i; segments[k].is_writable && j < n_statics && statics[j].start < segments[k].end; j++) {
			hs_addr start = statics[j].start > segments[k].start ? statics[j].start : segments[k].start;
			HS_TRY(look_at_statics(&search, start, statics[j].end < segments[k].end ? statics[j].end : segments[k].end));
		}
	}
	return NULL;
}

static void take_fastbin(struct malloc_chunks *chunks, hs_addr first, uint64_t bytes, struct cached_budget *budget)
{
	struct cached_list list = { first + CHUNK_HEADER, bytes, bytes, CHUNK_HEADER, true };
	uint32_t n;

	if (!cached_list_is_sound(chunks, &list, MAX_FASTBIN_CHUNKS, budget, &n)) {
		list.is_mangled = false;
		if (!cached_list_is_sound(chunks, &list, MAX_FASTBIN_CHUNKS, budget, &n))
			return;
	}
	chunks->figures.fastbin_bytes += cached_list_take(chunks, &list, n);
	chunks->figures.n_fastbin += n;
}

void malloc_take_fastbins(struct malloc_chunks *chunks, struct cached_budget *budget)
{
	for (size_t i = 0; i < chunks->arenas.n; i++) {
		hs_addr fastbins = chunks->arenas.items[i].fastbins;
		for (unsigned bin = 0; fastbins && bin < N_FASTBINS; bin++) {
			hs_addr first = word(chunks, fastbins + (hs_addr)bin * WORD);
			if (first)
				take_fastbin(chunks, first, CHUNK_MIN + (uint64_t)bin * CHUNK_STEP, budget);
		}
	}
}
