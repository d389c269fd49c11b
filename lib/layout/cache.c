/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of the cache: a line that names the heapspy that wrote it, the source, the statics relative to the load bias,
 * then struct lines as in the shipped tables.
 */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "field_names.h"
#include "members.h"
#include "new_file.h"
#include "table.h"

#define ENTRY_MAX_BYTES ((size_t)1 << 20)
#define MAGIC "heapspy-layout-cache"

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 1099511628211u;
	return (hash ^ 0xff) * 1099511628211u;
}

/* Changes whenever fields.def does: entries of another heapspy do not count. */
static uint64_t hash_of_names(void)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < HS_N_STRUCTS; i++)
		hash = hash_text(hash_text(hash, hs_struct_names[i].name), hs_struct_names[i].dwarf_names);
	for (size_t i = 0; i < HS_N_FIELDS; i++) {
		hash = hash_text(hash_text(hash, hs_field_names[i].name), hs_field_names[i].path);
		hash = (hash ^ hs_field_names[i].since ^ hs_field_names[i].until << 8) * 1099511628211u;
	}
	for (size_t i = 0; i < HS_N_MEMBERS_STRUCTS; i++)
		hash = hash_text(hash_text(hash, hs_members_names[i].name), hs_members_names[i].dwarf_names);
	for (size_t i = 0; i < HS_N_SYMBOLS; i++)
		hash = hash_text(hash, hs_symbol_names[i].name);
	return hash;
}

/* Where entries are kept; false when there is no place. */
static bool find_folder(char *ret, size_t ret_bytes)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n;

	if (xdg && xdg[0] == '/')
		n = snprintf(ret, ret_bytes, "%s/heapspy", xdg);
	else if (home && home[0] == '/')
		n = snprintf(ret, ret_bytes, "%s/.cache/heapspy", home);
	else if (geteuid() == 0)
		n = snprintf(ret, ret_bytes, "/var/cache/heapspy");
	else
		return false;
	return n > 0 && (size_t)n < ret_bytes;
}

static uint64_t hash_modules(const struct hs_process *process)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < HS_N_ALL_STRUCTS; i++) {
		struct hs_mapped_file file HS_CLEANUP(hs_mapped_file_release) = { 0 };

		if (!hs_is_first_of_module(i))
			continue;
		hs_module_file_find(process, hs_module_of(i), &file);
		if (file.elf)
			hash = hash_text(hash_text(hash, hs_module_of(i)), file.build_id_hex);
	}
	return hash;
}

void hs_cache_key_of(const struct hs_process *process, const struct hs_mapped_file *runtime, struct hs_cache_key *ret)
{
	char folder[sizeof(ret->path) - 256];

	ret->path[0] = '\0';
	if (!runtime->build_id_hex[0] || !find_folder(folder, sizeof(folder)))
		return;
	snprintf(ret->path, sizeof(ret->path), "%s/%s-%016llx.layout", folder, runtime->build_id_hex,
		 (unsigned long long)hash_modules(process));
}

static void write_symbols(const struct hs_layout *layout, FILE *out)
{
	for (size_t i = 0; i < HS_N_SYMBOLS; i++) {
		hs_addr address = layout->symbols[i];

		if (address >= layout->runtime_start && address < layout->runtime_end)
			fprintf(out, "symbol %s %llu\n", hs_symbol_names[i].name, (unsigned long long)(address - layout->runtime_base));
	}
}

char *hs_cache_format(const struct hs_layout *layout)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	fprintf(out, MAGIC " %016llx %u\nsource %s\n", (unsigned long long)hash_of_names(), layout->version_hex, layout->source);
	write_symbols(layout, out);
	hs_table_write_structs(layout, out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* "symbol arenas 12345" */
static bool parse_symbol(const char *line, struct hs_layout *layout)
{
	char name[64];
	unsigned long long offset;

	if (sscanf(line, "symbol %63s %llu", name, &offset) != 2)
		return false;
	hs_addr address = layout->runtime_base + offset;
	if (address < layout->runtime_start || address >= layout->runtime_end)
		return false;
	for (size_t i = 0; i < HS_N_SYMBOLS; i++)
		if (!strcmp(hs_symbol_names[i].name, name) && !layout->symbols[i])
			layout->symbols[i] = address;
	return true;
}

static bool parse_source(const char *line, struct hs_layout *layout)
{
	size_t bytes = strlen(line);

	if (bytes >= sizeof(layout->source))
		return false;
	memcpy(layout->source, line, bytes + 1);
	return true;
}

static bool parse_line(char *line, struct hs_table *table, struct hs_layout *layout)
{
	if (!strncmp(line, "symbol ", 7))
		return parse_symbol(line, layout);
	if (!strncmp(line, "source ", 7))
		return parse_source(line + 7, layout);
	return hs_table_parse_struct(line, strlen(line), table);
}

static bool is_own_magic(const char *line, uint32_t version_hex)
{
	unsigned long long hash;
	unsigned version;

	return sscanf(line, MAGIC " %llx %u", &hash, &version) == 2 && hash == hash_of_names() && version == version_hex;
}

/* Parses into copies, so that a malformed entry leaves no trace. */
static bool parse_entry(char *text, struct hs_table *table, struct hs_layout *layout)
{
	char *rest = NULL, *line = strtok_r(text, "\n", &rest);

	if (!line || !is_own_magic(line, layout->version_hex))
		return false;
	while ((line = strtok_r(NULL, "\n", &rest)))
		if (!parse_line(line, table, layout))
			return false;
	return true;
}

bool hs_cache_parse(const char *text, size_t bytes, struct hs_layout *layout)
{
	char *copy HS_FREE = malloc(bytes + 1);
	struct hs_table *table HS_FREE = calloc(1, sizeof(*table));
	struct hs_layout *parsed HS_FREE = malloc(sizeof(*parsed));

	if (!copy || !table || !parsed)
		return false;
	memcpy(copy, text, bytes);
	copy[bytes] = '\0';
	*parsed = *layout;
	for (size_t i = 0; i < HS_N_FIELDS; i++)
		table->fields[i].offset = HS_ABSENT;
	if (!parse_entry(copy, table, parsed)) {
		hs_table_release(table);
		return false;
	}
	*layout = *parsed;
	memcpy(layout->fields, table->fields, sizeof(layout->fields));
	memcpy(layout->struct_bytes, table->struct_bytes, sizeof(layout->struct_bytes));
	hs_array_free(&layout->reserved);
	layout->reserved = table->reserved;
	hs_members_release(&layout->members);
	layout->members = table->members;
	return true;
}

/* Only what this user or root wrote, and no link into somewhere else. */
static char *read_entry(const char *path, size_t *ret_bytes)
{
	int fd HS_CLOSE = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || (status.st_uid != geteuid() && status.st_uid != 0) ||
	    status.st_mode & (S_IWGRP | S_IWOTH) || (size_t)status.st_size > ENTRY_MAX_BYTES)
		return NULL;
	char *text HS_FREE = malloc((size_t)status.st_size + 1);
	if (!text || read(fd, text, (size_t)status.st_size) != (ssize_t)status.st_size)
		return NULL;
	*ret_bytes = (size_t)status.st_size;
	return hs_take(text);
}

bool hs_cache_load(const struct hs_cache_key *key, struct hs_layout *layout)
{
	size_t bytes;
	char *text HS_FREE = key->path[0] ? read_entry(key->path, &bytes) : NULL;

	return text && hs_cache_parse(text, bytes, layout);
}

static bool make_folders(const char *path)
{
	char folder[4096];

	if (strlen(path) >= sizeof(folder))
		return false;
	strcpy(folder, path);
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) != 0 && errno != EEXIST)
			return false;
		*slash = '/';
	}
	return true;
}

static bool write_all(int fd, const char *text, size_t bytes)
{
	while (bytes) {
		ssize_t n = write(fd, text, bytes);

		if (n <= 0)
			return false;
		text += n;
		bytes -= (size_t)n;
	}
	return true;
}

/* A crash of the host leaves the old entry or the new one. */
static struct hs_error *store(const char *path, const char *text)
{
	HS_CLEANUP(hs_new_file_discard) struct hs_new_file file = { .fd = -1 };

	HS_TRY(hs_new_file_open(path, true, &file));
	if (!write_all(file.fd, text, strlen(text)))
		return hs_error_os(errno, "cannot write %s", path);
	return hs_new_file_commit(&file);
}

void hs_cache_store(const struct hs_cache_key *key, const struct hs_layout *layout)
{
	if (!key->path[0] || !make_folders(key->path))
		return;
	char *text HS_FREE = hs_cache_format(layout);
	/* without an entry the next run looks again */
	if (text)
		hs_error_destroy(store(key->path, text));
}
