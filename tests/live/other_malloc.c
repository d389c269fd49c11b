/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that has nothing of glibc's, to be preloaded: memory comes from mappings and never goes back. */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAPPING_BYTES ((size_t)1 << 20)
#define HEADER_BYTES 16

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char *next, *end;

__attribute__((visibility("default"))) void *malloc(size_t bytes)
{
	size_t all = (bytes + HEADER_BYTES + 15) & ~(size_t)15;

	pthread_mutex_lock(&mutex);
	if ((size_t)(end - next) < all) {
		size_t mapped = all > MAPPING_BYTES ? (all + 4095) & ~(size_t)4095 : MAPPING_BYTES;
		void *fresh = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (fresh == MAP_FAILED) {
			pthread_mutex_unlock(&mutex);
			return NULL;
		}
		next = fresh;
		end = next + mapped;
	}
	char *block = next;
	next += all;
	pthread_mutex_unlock(&mutex);
	memcpy(block, &bytes, sizeof(bytes));
	return block + HEADER_BYTES;
}

__attribute__((visibility("default"))) void free(void *block)
{
	(void)block;
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t bytes)
{
	/* mappings are zero */
	return bytes && n > SIZE_MAX / 2 / bytes ? NULL : malloc(n * bytes);
}

__attribute__((visibility("default"))) void *realloc(void *block, size_t bytes)
{
	size_t before = 0;
	void *ret = malloc(bytes);

	if (!ret || !block)
		return ret;
	memcpy(&before, (char *)block - HEADER_BYTES, sizeof(before));
	memcpy(ret, block, before < bytes ? before : bytes);
	return ret;
}
