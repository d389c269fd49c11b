/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a copy can cost: a process_vm_readv loop over the present pages of a process's private writable
 * mappings, into memory that was touched before. Stops nothing, decodes nothing, knows nothing of heapspy.
 *
 *     plain_copy PID        prints "<bytes> <nanoseconds>"
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define PRESENT_OR_SWAPPED ((uint64_t)3 << 62)
#define MAX_RANGES 262144
#define BATCH 512

struct ranges {
	struct iovec *items;
	size_t n;
	size_t bytes;
};

static void add_pages(struct ranges *ranges, int pagemap, uint64_t start, uint64_t end)
{
	static uint64_t entries[1 << 16];

	for (uint64_t at = start; at < end; at += sizeof(entries) / 8 * PAGE) {
		ssize_t got = pread(pagemap, entries, sizeof(entries), (off_t)(at / PAGE * 8));
		for (size_t i = 0; got > 0 && i < (size_t)got / 8 && at + i * PAGE < end; i++) {
			uint64_t page = at + i * PAGE;
			struct iovec *last = ranges->n ? &ranges->items[ranges->n - 1] : NULL;
			if (!(entries[i] & PRESENT_OR_SWAPPED))
				continue;
			ranges->bytes += PAGE;
			if (last && (uint64_t)last->iov_base + last->iov_len == page)
				last->iov_len += PAGE;
			else if (ranges->n < MAX_RANGES)
				ranges->items[ranges->n++] = (struct iovec){ (void *)page, PAGE };
		}
	}
}

static void find_ranges(struct ranges *ranges, const char *pid)
{
	char path[64], line[4352], permissions[5];
	uint64_t start, end;

	snprintf(path, sizeof(path), "/proc/%s/pagemap", pid);
	int pagemap = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	FILE *maps = fopen(path, "r");
	while (maps && pagemap >= 0 && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, permissions) == 3 && !strcmp(permissions, "rw-p"))
			add_pages(ranges, pagemap, start, end);
	if (maps)
		fclose(maps);
	close(pagemap);
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Longer ranges first would change nothing: each call takes a batch of ranges into one stretch of memory. */
static size_t copy(pid_t pid, const struct ranges *ranges, char *memory)
{
	size_t done = 0;

	for (size_t i = 0; i < ranges->n; i += BATCH) {
		size_t n = ranges->n - i < BATCH ? ranges->n - i : BATCH, bytes = 0;
		for (size_t k = 0; k < n; k++)
			bytes += ranges->items[i + k].iov_len;
		struct iovec local = { memory + done, bytes };
		ssize_t got = process_vm_readv(pid, &local, 1, &ranges->items[i], n, 0);
		done += got > 0 ? (size_t)got : 0;
	}
	return done;
}

int main(int argc, char **argv)
{
	struct ranges ranges = { .items = calloc(MAX_RANGES, sizeof(*ranges.items)) };

	if (argc != 2 || !ranges.items) {
		fprintf(stderr, "usage: plain_copy PID\n");
		return 64;
	}
	find_ranges(&ranges, argv[1]);
	char *memory = mmap(NULL, ranges.bytes + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || !ranges.n) {
		perror("plain_copy");
		return 1;
	}
	madvise(memory, ranges.bytes, MADV_HUGEPAGE);
	memset(memory, 1, ranges.bytes);
	uint64_t begin = now_ns();
	size_t bytes = copy((pid_t)atoi(argv[1]), &ranges, memory);
	uint64_t end = now_ns();
	printf("%zu %" PRIu64 "\n", bytes, end - begin);
	return 0;
}
