/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a finished result. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "new_file.h"

#define OWNER_ONLY 0600

/* What a stream writes to, and why it could not. */
struct sink {
	int fd;
	int os_errno;
};

static ssize_t write_to_sink(void *cookie, const char *text, size_t bytes)
{
	struct sink *sink = cookie;

	for (size_t done = 0; done < bytes && !sink->os_errno;) {
		ssize_t written = write(sink->fd, text + done, bytes - done);
		if (written >= 0)
			done += (size_t)written;
		else if (errno != EINTR)
			sink->os_errno = errno;
	}
	return sink->os_errno ? 0 : (ssize_t)bytes;
}

/* A file that is there, or will be, under this very name. A link is none: who made it wants the file behind it written. */
static bool is_replaced(const char *path)
{
	struct stat status;

	return lstat(path, &status) || S_ISREG(status.st_mode);
}

struct hs_error *hs_output_check(const char *path)
{
	struct stat status;

	if (!path)
		return NULL;
	if (!stat(path, &status) && S_ISDIR(status.st_mode))
		return hs_error_os(EISDIR, "cannot write %s", path);
	/* that a link leads to nothing yet is no error: the file will be made */
	if (!is_replaced(path))
		return eaccess(path, W_OK) && errno != ENOENT ? hs_error_os(errno, "cannot write %s", path) : NULL;
	/* a file is replaced: its own mode does not matter, that of its directory does */
	HS_FREE char *copy = strdup(path);
	if (!copy)
		return hs_error_no_memory();
	return eaccess(dirname(copy), W_OK | X_OK) ? hs_error_os(errno, "cannot write %s", path) : NULL;
}

struct hs_style hs_output_style(const struct hs_output_options *options)
{
	return hs_style_for(options->path ? NULL : stdout, options->colour);
}

#define STREAM_BUFFER_BYTES ((size_t)1 << 20)

static struct hs_error *render_to(int fd, const char *path, struct hs_error *(*render)(FILE *out, const void *context), const void *context)
{
	struct sink sink = { .fd = fd };
	FILE *out = fopencookie(&sink, "w", (cookie_io_functions_t){ .write = write_to_sink });

	if (!out)
		return hs_error_no_memory();
	setvbuf(out, NULL, _IOFBF, STREAM_BUFFER_BYTES);
	struct hs_error *error = render(out, context);
	fclose(out);
	if (error || !sink.os_errno)
		return error;
	return hs_error_os(sink.os_errno, "cannot write %s", path);
}

static struct hs_error *replace_file(const char *path, struct hs_error *(*render)(FILE *out, const void *context), const void *context)
{
	HS_CLEANUP(hs_new_file_discard) struct hs_new_file file = { .fd = -1 };

	HS_TRY(hs_new_file_open(path, true, &file));
	HS_TRY(render_to(file.fd, path, render, context));
	return hs_new_file_commit(&file);
}

static struct hs_error *write_to(const char *path, struct hs_error *(*render)(FILE *out, const void *context), const void *context)
{
	struct stat status;

	if (!path)
		return render_to(STDOUT_FILENO, "standard output", render, context);
	if (is_replaced(path))
		return replace_file(path, render, context);
	/* only where a link leads to nothing is there something to make */
	HS_CLOSE int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY | (stat(path, &status) ? O_CREAT : 0), OWNER_ONLY);
	if (fd < 0)
		return hs_error_os(errno, "cannot write %s", path);
	return render_to(fd, path, render, context);
}

struct text {
	const char *start;
	size_t bytes;
};

static struct hs_error *put_text(FILE *out, const void *context)
{
	const struct text *text = context;

	fwrite(text->start, 1, text->bytes, out);
	return NULL;
}

struct hs_error *hs_output_write(const char *path, const char *text, size_t bytes)
{
	const struct text whole = { text, bytes };

	return write_to(path, put_text, &whole);
}

struct hs_error *hs_output_render(const struct hs_output_options *options,
				  struct hs_error *(*render)(FILE *out, const struct hs_output_options *options, const void *context),
				  const void *context)
{
	HS_FREE char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return hs_error_no_memory();
	struct hs_error *error = render(out, options, context);
	if (fclose(out) && !error)
		error = hs_error_no_memory();
	return error ? error : hs_output_write(options->path, text, bytes);
}

struct hs_error *hs_output_stream(const struct hs_output_options *options, struct hs_error *(*render)(FILE *out, const void *context),
				  const void *context)
{
	return write_to(options->path, render, context);
}
