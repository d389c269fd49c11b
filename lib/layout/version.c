/* SPDX-License-Identifier: Apache-2.0 */
/* Versions: 0x030b02f0 is 3.11.2 final; a, b, c in the second lowest digit are alpha, beta, candidate. */
#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "debug_offsets.h"

#define RODATA_MAX_BYTES ((size_t)64 << 20)

#define OLDEST_MINOR 8
#define NEWEST_MINOR 15

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads a number of at most three digits; returns its length, 0 for none. */
static size_t read_number(const char *text, size_t bytes, unsigned *ret)
{
	unsigned value = 0;
	size_t n = 0;

	while (n < bytes && n < 3 && is_digit(text[n]))
		value = value * 10 + (unsigned)(text[n++] - '0');
	*ret = value;
	return n;
}

uint32_t hs_version_parse(const char *text, size_t bytes, size_t *ret_bytes)
{
	unsigned minor, micro, serial = 0, level = 0xf;
	size_t at = 2, n;

	if (bytes < 5 || memcmp(text, "3.", 2))
		return 0;
	n = read_number(text + at, bytes - at, &minor);
	at += n;
	if (!n || at >= bytes || text[at++] != '.')
		return 0;
	n = read_number(text + at, bytes - at, &micro);
	at += n;
	if (!n || minor > 255 || micro > 255)
		return 0;
	if (at < bytes && (text[at] == 'a' || text[at] == 'b')) {
		level = text[at++] == 'a' ? 0xa : 0xb;
	} else if (at + 1 < bytes && !memcmp(text + at, "rc", 2)) {
		level = 0xc;
		at += 2;
	}
	if (level != 0xf)
		at += read_number(text + at, bytes - at, &serial);
	if (at < bytes && text[at] == '+')
		at++;
	*ret_bytes = at;
	return 3u << 24 | minor << 16 | micro << 8 | level << 4 | (serial & 0xf);
}

void hs_version_set(struct hs_layout *layout, uint32_t version_hex)
{
	static const char *const levels[16] = { [0xa] = "a", [0xb] = "b", [0xc] = "rc" };
	const char *level = levels[version_hex >> 4 & 0xf];

	layout->version_hex = version_hex;
	layout->major = version_hex >> 24;
	layout->minor = version_hex >> 16 & 0xff;
	layout->micro = version_hex >> 8 & 0xff;
	if (level)
		snprintf(layout->version, sizeof(layout->version), "%u.%u.%u%s%u", layout->major, layout->minor,
			 layout->micro, level, version_hex & 0xf);
	else
		snprintf(layout->version, sizeof(layout->version), "%u.%u.%u", layout->major, layout->minor, layout->micro);
}

/* Py_GetVersion() keeps "3.8.18 (default, Oct …) \n[GCC …]" in a static buffer from the initialisation of sys on. */
static uint32_t find_in_text(const char *text, size_t bytes)
{
	const char *end = text + bytes;

	for (const char *at = text; at + 8 < end && (at = memmem(at, (size_t)(end - at), "3.", 2)); at += 2) {
		size_t left = (size_t)(end - at), n;
		uint32_t version = hs_version_parse(at, left < 16 ? left : 16, &n);

		if (!version || left < n + 2 || memcmp(at + n, " (", 2))
			continue;
		size_t window = left < 250 ? left : 250;
		const char *stop = memchr(at, '\0', window);
		size_t text_bytes = stop ? (size_t)(stop - at) : 0;
		/* The compiler's part starts with a newline up to 3.9. */
		if (memmem(at, text_bytes, ") [", 3) || memmem(at, text_bytes, ") \n[", 4))
			return version;
	}
	return 0;
}

static uint32_t find_in_image(const struct hs_image *image, hs_addr start, hs_addr end)
{
	size_t n;
	const struct hs_segment *segments = hs_image_segments(image, &n);

	for (size_t i = 0; i < n; i++) {
		const struct hs_segment *segment = &segments[i];

		/* .bss may lie in a segment that goes on behind the file's extent. */
		if (!segment->is_writable || segment->end <= start || segment->start >= end)
			continue;
		uint32_t version = find_in_text((const char *)segment->data, segment->end - segment->start);
		if (version)
			return version;
	}
	return 0;
}

/* "python3.8": every build names its library directory somewhere. */
static bool names_its_minor(const char *text, size_t bytes, uint32_t version)
{
	char name[32];
	int n = snprintf(name, sizeof(name), "python3.%u", version >> 16 & 0xff);

	return memmem(text, bytes, name, (size_t)n) != NULL;
}

/*
 * PY_VERSION as a string of its own in the read-only data. Libraries that are linked in bring version strings too, but
 * not for a minor version that the build's paths name.
 */
static uint32_t find_literal(const struct hs_elf_file *file)
{
	struct hs_elf_section section;

	if (!hs_elf_section(file, ".rodata", &section) || section.bytes > RODATA_MAX_BYTES)
		return 0;
	char *text HS_FREE = malloc(section.bytes + 1);
	if (!text || !hs_elf_read(file, section.vaddr, text, section.bytes))
		return 0;
	text[section.bytes] = '\0';
	const char *end = text + section.bytes;
	/* The linker may have made it the tail of a longer string: only its end is sure. */
	for (const char *at = text + 1; at < end && (at = memmem(at, (size_t)(end - at), "3.", 2)); at += 2) {
		size_t bytes = strlen(at), parsed;
		uint32_t version = hs_version_parse(at, bytes, &parsed);

		if (version && parsed == bytes && at[-1] != '.' && !is_digit(at[-1]) &&
		    names_its_minor(text, section.bytes, version))
			return version;
	}
	return 0;
}

/* True if the runtime was configured with --with-pydebug: such builds define these, no other does. */
static bool is_debug_build(const struct hs_mapped_file *runtime)
{
	static const char *const names[] = { "_Py_RefTotal", "_Py_NegativeRefcount", "_Py_GetGlobalRefTotal", "_Py_INCREF_IncRefTotal" };
	hs_addr found[4] = { 0 };

	hs_mapped_file_find(runtime, names, 4, found);
	return found[0] || found[1] || found[2] || found[3];
}

struct hs_error *hs_version_check_support(struct hs_layout *layout)
{
	const struct hs_features *features = hs_features_of(layout->major, layout->minor);

	if (!features)
		return hs_error_hint(hs_error_new(HS_ERROR_UNSUPPORTED, "CPython %s is not supported", layout->version),
				     "this heapspy reads CPython 3.%d to 3.%d", OLDEST_MINOR, NEWEST_MINOR);
	if (layout->is_free_threaded)
		return hs_error_hint(hs_error_new(HS_ERROR_UNSUPPORTED, "CPython %s is a free-threaded build", layout->version),
				     "heapspy does not read free-threaded builds yet");
	if (layout->is_debug_build)
		return hs_error_hint(hs_error_new(HS_ERROR_UNSUPPORTED, "CPython %s is a debug build (--with-pydebug)", layout->version),
				     "run the program with a release build of Python to look at it");
	layout->features = *features;
	return NULL;
}

/* Reads the process's memory, or the file's bytes when there is no image or they are not in it. */
static bool read_runtime(const struct hs_mapped_file *runtime, const struct hs_image *image, hs_addr address, void *ret, size_t bytes)
{
	if (image && hs_image_read(image, address, ret, bytes))
		return true;
	return runtime->elf && hs_elf_read(runtime->elf, address - runtime->bias, ret, bytes);
}

static uint32_t find_in_symbols(const struct hs_mapped_file *runtime, const struct hs_image *image, struct hs_layout *layout)
{
	struct hs_debug_offsets_header header;
	hs_addr offsets = HS_ADDRESS_OF(layout, _PyRuntime), py_version = HS_ADDRESS_OF(layout, Py_Version);
	uint8_t bytes[HS_DEBUG_OFFSETS_HEADER_BYTES];
	uint32_t version = 0;

	if (offsets && read_runtime(runtime, image, offsets, bytes, sizeof(bytes)) && hs_debug_offsets_header(bytes, &header)) {
		layout->is_free_threaded = header.is_free_threaded;
		return header.version_hex;
	}
	if (py_version && !read_runtime(runtime, image, py_version, &version, sizeof(version)))
		return 0;
	return version;
}

struct hs_error *hs_version_find(const struct hs_mapped_file *runtime, const struct hs_image *image,
				 struct hs_layout *layout)
{
	uint32_t version = find_in_symbols(runtime, image, layout);

	if (!version && image)
		version = find_in_image(image, runtime->start, runtime->end);
	if (!version && runtime->elf)
		version = find_literal(runtime->elf);
	if (!version)
		return hs_error_new(HS_ERROR_LOOKUP, "%s holds a CPython runtime, but no trace of its version was found",
				    runtime->path);
	hs_version_set(layout, version);
	layout->is_debug_build = is_debug_build(runtime);
	return hs_version_check_support(layout);
}
