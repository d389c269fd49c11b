/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Candidates for a separate debug file, in the order that gdb uses, each checked before it is believed: the build-id
 * must agree; without build-ids, the CRC that .gnu_debuglink states. Knows nothing about DWARF.
 */
#include "debug_file.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "debuginfod.h"
#include "elf_internal.h"
#include "format.h"

#define GLOBAL_DEBUG_DIRECTORY "/usr/lib/debug"

struct candidate {
	const uint8_t *build_id; /* that it must have … */
	size_t build_id_bytes;   /* … 0: none known */
	const uint32_t *crc;     /* else the CRC; NULL: none known */
	struct hs_debug_search *search;
	struct hs_elf_file *found;
};

static uint32_t crc32_of(int fd, bool *ret_ok)
{
	unsigned char buffer[1 << 14];
	uint32_t crc = 0xffffffff;
	off_t offset = 0;
	ssize_t n;

	while ((n = pread(fd, buffer, sizeof(buffer), offset)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			crc ^= buffer[i];
			for (int bit = 0; bit < 8; bit++)
				crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
		}
		offset += n;
	}
	*ret_ok = n == 0;
	return ~crc;
}

/* Takes `text` over; NULL (no memory) is forgotten. */
static void reject(struct hs_debug_search *search, char *text)
{
	if (!text)
		return;
	free(search->rejected);
	search->rejected = text;
}

static bool is_same_build(const struct candidate *candidate, const struct hs_elf_file *file)
{
	return file->build_id_bytes == candidate->build_id_bytes &&
	       !memcmp(file->build_id, candidate->build_id, candidate->build_id_bytes);
}

/* True once a usable file is found. What is wrong with an unusable one is kept for the message. */
static bool try_path(struct candidate *candidate, const char *path)
{
	struct hs_elf_file *file = NULL;
	struct hs_error *error = hs_elf_open_path(path, &file);

	if (error) {
		if (error->os_errno != ENOENT && error->os_errno != ENOTDIR)
			reject(candidate->search, strdup(error->message)); /* it names the path */
		hs_error_destroy(error);
		return false;
	}
	const char *why = NULL;
	if (candidate->build_id_bytes) {
		if (!is_same_build(candidate, file))
			why = "of another build (its build-id differs)";
	} else if (candidate->crc) {
		bool is_read;

		if (crc32_of(file->fd, &is_read) != *candidate->crc || !is_read)
			why = "of another build (its CRC differs)";
	}
	if (!why && !hs_elf_has_dwarf(file))
		why = "holds no DWARF";
	if (why) {
		char *text = NULL;

		reject(candidate->search, asprintf(&text, "%s: %s", path, why) < 0 ? NULL : text);
		hs_elf_close(file);
		return false;
	}
	candidate->found = file;
	return true;
}

static HS_PRINTF(2, 3) bool try_format(struct candidate *candidate, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *path HS_FREE = hs_vformat(format, args);
	va_end(args);
	return path && try_path(candidate, path);
}

/* <directory>/.build-id/57/1d98….debug below each debug directory. */
static bool try_build_id(struct candidate *candidate)
{
	const struct hs_debug_search *search = candidate->search;
	char hex[2 * HS_BUILD_ID_MAX_BYTES + 1];

	if (candidate->build_id_bytes < 2 || candidate->build_id_bytes > HS_BUILD_ID_MAX_BYTES)
		return false;
	for (size_t i = 0; i < candidate->build_id_bytes; i++)
		snprintf(hex + 2 * i, 3, "%02x", candidate->build_id[i]);
	if (search->debug_dir && try_format(candidate, "%s/.build-id/%.2s/%s.debug", search->debug_dir, hex, hex + 2))
		return true;
	for (size_t i = 0; i < search->n_roots; i++)
		if (try_format(candidate, "%s" GLOBAL_DEBUG_DIRECTORY "/.build-id/%.2s/%s.debug", search->roots[i], hex, hex + 2))
			return true;
	return false;
}

/* Beside the file, in .debug/ beside it, and at its path below each debug directory. */
static bool try_link(struct candidate *candidate, const char *link)
{
	const struct hs_debug_search *search = candidate->search;
	char *copy HS_FREE = search->file_path && search->file_path[0] == '/' ? strdup(search->file_path) : NULL;

	if (search->debug_dir && try_format(candidate, "%s/%s", search->debug_dir, link))
		return true;
	if (!copy)
		return false;
	const char *directory = dirname(copy);
	if (search->debug_dir && try_format(candidate, "%s%s/%s", search->debug_dir, directory, link))
		return true;
	for (size_t i = 0; i < search->n_roots; i++) {
		const char *root = search->roots[i];

		if (try_format(candidate, "%s%s/%s", root, directory, link) ||
		    try_format(candidate, "%s%s/.debug/%s", root, directory, link) ||
		    try_format(candidate, "%s" GLOBAL_DEBUG_DIRECTORY "%s/%s", root, directory, link))
			return true;
	}
	return false;
}

/* The name in .gnu_debuglink, with its CRC; NULL without one, or when it would lead out of the folder. */
static const char *read_link(const struct hs_elf_file *file, uint32_t *ret_crc)
{
	GElf_Word crc;
	const char *link = dwelf_elf_gnu_debuglink(file->elf, &crc);

	if (!link || !link[0] || strchr(link, '/') || !strcmp(link, "..") || !strcmp(link, "."))
		return NULL;
	*ret_crc = crc;
	return link;
}

static void try_debuginfod(struct candidate *candidate)
{
	char *path HS_FREE = NULL;

	if (!candidate->search->use_debuginfod || !candidate->build_id_bytes)
		return;
	path = hs_debuginfod_fetch(candidate->build_id, candidate->build_id_bytes);
	if (path)
		try_path(candidate, path);
}

struct hs_error *hs_debug_file_find(const struct hs_elf_file *file, struct hs_debug_search *search,
				    struct hs_elf_file **ret)
{
	uint32_t crc;
	const char *link = read_link(file, &crc);
	struct candidate candidate = {
		.build_id = file->build_id,
		.build_id_bytes = file->build_id_bytes,
		.crc = link ? &crc : NULL,
		.search = search,
	};

	if (!try_build_id(&candidate) && !(link && try_link(&candidate, link)))
		try_debuginfod(&candidate);
	*ret = candidate.found;
	return NULL;
}

static size_t parse_hex(const char *hex, uint8_t ret[HS_BUILD_ID_MAX_BYTES])
{
	size_t n = 0;
	unsigned byte;

	while (n < HS_BUILD_ID_MAX_BYTES && sscanf(hex + 2 * n, "%2x", &byte) == 1)
		ret[n++] = (uint8_t)byte;
	return n;
}

struct hs_error *hs_debug_file_find_by_id(const char *build_id_hex, struct hs_debug_search *search,
					  struct hs_elf_file **ret)
{
	uint8_t build_id[HS_BUILD_ID_MAX_BYTES];
	struct candidate candidate = { .build_id = build_id, .build_id_bytes = parse_hex(build_id_hex, build_id), .search = search };

	if (!try_build_id(&candidate))
		try_debuginfod(&candidate);
	*ret = candidate.found;
	return NULL;
}

struct hs_error *hs_debug_file_find_alternate(const struct hs_elf_file *file, struct hs_debug_search *search,
					      struct hs_elf_file **ret)
{
	const char *name = NULL;
	const void *build_id = NULL;
	Dwarf *dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);

	*ret = NULL;
	if (!dwarf)
		return NULL;
	ssize_t bytes = dwelf_dwarf_gnu_debugaltlink(dwarf, &name, &build_id);
	struct candidate candidate = { .build_id = build_id, .build_id_bytes = bytes > 0 ? (size_t)bytes : 0, .search = search };
	if (candidate.build_id_bytes && !try_build_id(&candidate)) {
		bool is_found = false;

		for (size_t i = 0; name && name[0] == '/' && i < search->n_roots && !is_found; i++)
			is_found = try_format(&candidate, "%s%s", search->roots[i], name);
		if (!is_found && name && name[0] != '/')
			is_found = try_link(&candidate, name);
		if (!is_found)
			try_debuginfod(&candidate);
	}
	char *text = NULL;
	if (candidate.build_id_bytes && !candidate.found && !search->rejected)
		reject(search, asprintf(&text, "%s: the file that it shares debug information with was not found: %s", file->name,
					name ? name : "") < 0 ? NULL : text);
	dwarf_end(dwarf);
	*ret = candidate.found;
	return NULL;
}
