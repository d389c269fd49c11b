/* SPDX-License-Identifier: Apache-2.0 */
/* libdebuginfod is loaded only when DEBUGINFOD_URLS is set: it brings an HTTP client that nobody else needs. */
#include "debuginfod.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct debuginfod_client client;

char *hs_debuginfod_fetch(const uint8_t *build_id, size_t bytes)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	char *path = NULL;

	if (!urls || !urls[0])
		return NULL;
	void *library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return NULL;
	client *(*begin)(void) = (client * (*)(void)) dlsym(library, "debuginfod_begin");
	int (*find)(client *, const unsigned char *, int, char **) =
		(int (*)(client *, const unsigned char *, int, char **))dlsym(library, "debuginfod_find_debuginfo");
	void (*end)(client *) = (void (*)(client *))dlsym(library, "debuginfod_end");
	client *session = begin && find && end ? begin() : NULL;
	if (session) {
		int fd = find(session, build_id, (int)bytes, &path);

		if (fd >= 0)
			close(fd);
		end(session);
	}
	/* Not closed again: its HTTP library leaves thread-local state behind. */
	return path;
}
