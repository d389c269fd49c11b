/* SPDX-License-Identifier: Apache-2.0 */
/* Names of control groups that are container ids. */
#include "container_id.h"

#include <stddef.h>
#include <string.h>

#include "cleanup.h"
#include "proc_file.h"

#define ID_CHARACTERS (HS_CONTAINER_ID_BYTES - 1)

bool hs_container_id_parse(const char *text, char ret[HS_CONTAINER_ID_BYTES])
{
	const char *found = NULL;

	while (*text) {
		size_t n = strspn(text, "0123456789abcdef");
		if (n == ID_CHARACTERS)
			found = text;
		text += n ? n : 1;
	}
	ret[0] = '\0';
	if (found) {
		memcpy(ret, found, ID_CHARACTERS);
		ret[ID_CHARACTERS] = '\0';
	}
	return found;
}

void hs_container_id_read(pid_t pid, char ret[HS_CONTAINER_ID_BYTES])
{
	HS_FREE char *text = NULL;
	size_t bytes;
	struct hs_error *error = hs_proc_read(pid, "cgroup", &text, &bytes);

	hs_container_id_parse(error ? "" : text, ret);
	hs_error_destroy(error);
}
