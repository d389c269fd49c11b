/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope and the values of all JSON output. */
#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"

json_t *hs_json_string(const char *text)
{
	if (!text)
		return json_null();
	size_t bytes = strlen(text), capacity = 4 * bytes + 8;
	HS_FREE char *safe = malloc(capacity);
	if (!safe)
		return NULL;
	return json_stringn(safe, hs_escape(safe, capacity, text, bytes));
}

json_t *hs_json_u64(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

json_t *hs_json_address(hs_addr address)
{
	return json_sprintf("0x%" HS_PRI_ADDR, address);
}

json_t *hs_json_time(time_t time)
{
	char utc[32] = "";
	struct tm parts;

	if (gmtime_r(&time, &parts))
		strftime(utc, sizeof(utc), "%Y-%m-%dT%H:%M:%SZ", &parts);
	return json_string(utc);
}

json_t *hs_json_envelope(const char *command, time_t time, const char *host)
{
	json_t *root = json_object();

	json_object_set_new(root, "schema", json_integer(HS_JSON_SCHEMA));
	json_object_set_new(root, "heapspy", json_string(HEAPSPY_VERSION));
	json_object_set_new(root, "command", json_string(command));
	json_object_set_new(root, "time_utc", hs_json_time(time));
	json_object_set_new(root, "host", hs_json_string(host));
	return root;
}

static struct hs_error *write_with(FILE *out, json_t *root, size_t flags)
{
	int failed = root ? json_dumpf(root, out, flags) : -1;

	json_decref(root);
	if (failed)
		return hs_error_no_memory();
	fputc('\n', out);
	return NULL;
}

struct hs_error *hs_json_write(FILE *out, json_t *root)
{
	return write_with(out, root, JSON_INDENT(1));
}

struct hs_error *hs_json_write_line(FILE *out, json_t *root)
{
	return write_with(out, root, JSON_COMPACT);
}
