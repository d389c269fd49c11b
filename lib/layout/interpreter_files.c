/* SPDX-License-Identifier: Apache-2.0 */
/* Where an interpreter keeps its parts, seen from one of its files. */
#include "interpreter_files.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

static struct hs_error *open_file(const char *path, struct hs_mapped_file *ret)
{
	struct hs_mapped_file file = { 0 };

	HS_TRY(hs_elf_open_path(path, &file.elf));
	snprintf(file.build_id_hex, sizeof(file.build_id_hex), "%s", hs_elf_build_id_hex(file.elf));
	file.own_path = strdup(path);
	file.path = file.own_path;
	if (!file.own_path) {
		hs_mapped_file_release(&file);
		return hs_error_no_memory();
	}
	*ret = file;
	return NULL;
}

static bool holds_runtime(const struct hs_mapped_file *file)
{
	return hs_elf_has_symbol(file->elf, "_PyRuntime");
}

/* A libpython that the executable needs: its name, and the directories that the executable says to look in. */
struct library_search {
	struct hs_interpreter_files *files;
	char needed[256];
};

static bool take_libpython(void *context, const char *needed)
{
	struct library_search *search = context;

	if (strncmp(needed, "libpython", 9) || strchr(needed, '/') || strlen(needed) >= sizeof(search->needed))
		return false;
	strcpy(search->needed, needed);
	return true;
}

static HS_PRINTF(2, 3) bool try_library(struct library_search *search, const char *format, ...)
{
	char path[PATH_MAX], real[PATH_MAX];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(path) || !realpath(path, real))
		return false;
	struct hs_error *error = open_file(real, &search->files->runtime);
	if (error) {
		hs_error_destroy(error);
		return false;
	}
	if (holds_runtime(&search->files->runtime))
		return true;
	hs_mapped_file_release(&search->files->runtime);
	return false;
}

/* One RUNPATH: directories separated by colons, $ORIGIN stands for the executable's folder. */
static bool try_runpath(void *context, const char *runpath)
{
	struct library_search *search = context;

	for (const char *at = runpath; *at;) {
		size_t bytes = strcspn(at, ":");
		bool is_origin = !strncmp(at, "$ORIGIN", 7) && bytes >= 7;
		const char *tail = is_origin ? at + 7 : at;
		int tail_bytes = (int)(bytes - (size_t)(tail - at));

		if (bytes && try_library(search, "%s%.*s/%s", is_origin ? search->files->folder : search->files->root,
					 tail_bytes, tail, search->needed))
			return true;
		at += bytes + (at[bytes] == ':');
	}
	return false;
}

static bool find_libpython(struct library_search *search)
{
	static const char *const folders[] = { "../lib", "../lib64", "../lib/x86_64-linux-gnu", "../lib/aarch64-linux-gnu", "." };
	struct hs_mapped_file executable HS_CLEANUP(hs_mapped_file_release) = search->files->runtime;
	const int64_t runpath = 29, rpath = 15; /* DT_RUNPATH, DT_RPATH */

	search->files->runtime = (struct hs_mapped_file){ 0 };
	if (hs_elf_dynamic_strings(executable.elf, runpath, try_runpath, search) ||
	    hs_elf_dynamic_strings(executable.elf, rpath, try_runpath, search))
		return true;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (try_library(search, "%s/%s/%s", search->files->folder, folders[i], search->needed))
			return true;
	return false;
}

/* "/srv/roots/trixie" of "/srv/roots/trixie/usr/bin". */
static void find_root(struct hs_interpreter_files *files)
{
	static const char *const tops[] = { "/usr/", "/bin", "/opt/" };

	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
		const char *top = strstr(files->folder, tops[i]);
		char os_release[sizeof(files->root) + 32];

		if (!top)
			continue;
		snprintf(files->root, sizeof(files->root), "%.*s", (int)(top - files->folder), files->folder);
		snprintf(os_release, sizeof(os_release), "%s/etc/os-release", files->root);
		if (access(os_release, R_OK) == 0)
			return;
	}
	files->root[0] = '\0';
}

static struct hs_error *find_files(const char *python, struct hs_interpreter_files *files)
{
	struct library_search search = { .files = files };
	const int64_t needed = 1; /* DT_NEEDED */
	char real[PATH_MAX];

	if (!realpath(python, real))
		return hs_error_os(errno, "%s", python);
	HS_TRY(open_file(real, &files->runtime));
	snprintf(files->folder, sizeof(files->folder), "%s", dirname(real));
	find_root(files);
	if (holds_runtime(&files->runtime))
		return NULL;
	if (!hs_elf_dynamic_strings(files->runtime.elf, needed, take_libpython, &search))
		return hs_error_new(HS_ERROR_NOT_CPYTHON, "%s holds no CPython runtime and needs no libpython", python);
	if (!find_libpython(&search))
		return hs_error_new(HS_ERROR_LOOKUP, "%s needs %s, which was not found near it", python, search.needed);
	return NULL;
}

struct hs_error *hs_interpreter_files_find(const char *python, struct hs_interpreter_files *ret)
{
	struct hs_error *error = find_files(python, ret);

	if (error)
		hs_interpreter_files_release(ret);
	return error;
}

void hs_interpreter_files_release(struct hs_interpreter_files *files)
{
	hs_mapped_file_release(&files->runtime);
}

void hs_interpreter_files_find_modules(struct hs_interpreter_files *files, unsigned minor)
{
	/* Seen from bin/, from lib/ and from lib/<machine>/. */
	static const char *const folders[] = { "../lib", "../lib64", "." , ".." };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char path[sizeof(files->dynload)];
		int n = snprintf(path, sizeof(path), "%s/%s/python3.%u/lib-dynload", files->folder, folders[i], minor);

		if (n > 0 && (size_t)n < sizeof(path) && access(path, R_OK | X_OK) == 0) {
			strcpy(files->dynload, path);
			return;
		}
	}
	files->dynload[0] = '\0';
}

void hs_interpreter_files_module(const void *context, const char *module, struct hs_mapped_file *ret)
{
	const struct hs_interpreter_files *files = context;
	DIR *directory = files->dynload[0] ? opendir(files->dynload) : NULL;
	char path[PATH_MAX];

	if (!directory)
		return;
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (!hs_is_module_file(entry->d_name, module))
			continue;
		int n = snprintf(path, sizeof(path), "%s/%s", files->dynload, entry->d_name);
		if (n > 0 && (size_t)n < sizeof(path))
			hs_error_destroy(open_file(path, ret));
		break;
	}
	closedir(directory);
}

void hs_interpreter_files_distributor(const struct hs_interpreter_files *files, char *ret, size_t ret_bytes)
{
	char path[sizeof(files->root) + 32], line[256];

	snprintf(ret, ret_bytes, "upstream");
	const char *below = files->folder + strlen(files->root);
	if (strncmp(below, "/usr/bin", 8) && strncmp(below, "/usr/lib", 8))
		return;
	snprintf(path, sizeof(path), "%s/etc/os-release", files->root);
	FILE *file HS_FCLOSE = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "ID=", 3))
			continue;
		const char *id = line + 3 + strspn(line + 3, "\"");
		size_t bytes = strcspn(id, "\"\n ");
		if (bytes)
			snprintf(ret, ret_bytes, "%.*s", (int)bytes, id);
		return;
	}
}
