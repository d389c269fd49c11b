/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, through argp. Knows which groups of options exist, not what commands do with them. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "capture_file.h"
#include "cleanup.h"

#define DEFAULT_MAX_PAUSE_MS 1000
#define MAX_DURATION_S (30 * 86400)
#define PID_LIMIT (1u << 22) /* PID_MAX_LIMIT of the kernel on 64-bit */

enum {
	KEY_MAX_PAUSE = 0x100,
	KEY_NONBLOCKING,
	KEY_DEBUG_DIR,
	KEY_NO_CACHE,
	KEY_NO_DWARF,
	KEY_WITHOUT_TABLE,
	KEY_LIB_SEARCH_ROOT,
	KEY_COLOUR,
};

/* Groups sort the help: a command's own options first (0), then these, then argp's --help. */
static const struct argp_option source_options[] = {
	{ NULL, 0, NULL, 0, "How the process, or the file, is read:", 10 },
	{ "pid", 'p', "PID", 0, "The process; the same as a PID as argument", 10 },
	{ "jobs", 'j', "N", 0, "Threads that copy and count (default: as many as this process may use)", 10 },
	{ "max-pause", KEY_MAX_PAUSE, "MS", 0, "Longest pause of the process, in milliseconds (default 1000); a longer prediction asks on a terminal and fails elsewhere", 10 },
	{ "nonblocking", KEY_NONBLOCKING, NULL, 0, "Never stop the process; the picture may contradict itself", 10 },
	{ "lib-search-root", KEY_LIB_SEARCH_ROOT, "DIR", 0, "Of a core: where the files of its host are, by the paths that it has for them, or all in DIR itself", 10 },
	{ "debug-dir", KEY_DEBUG_DIR, "DIR", 0, "A further directory of separate debug files", 10 },
	{ "no-cache", KEY_NO_CACHE, NULL, 0, "Neither read nor write cached layouts", 10 },
	{ "no-dwarf", KEY_NO_DWARF, NULL, OPTION_HIDDEN, "Tests: as if no debug information existed", 10 },
	{ "without-table", KEY_WITHOUT_TABLE, "NAME", OPTION_HIDDEN, "Tests: ignore the shipped layout table NAME", 10 },
	{ 0 },
};

static const struct argp_option file_options[] = {
	{ NULL, 0, NULL, 0, "How the result is written:", 20 },
	{ "output", 'o', "FILE", 0, "Write to FILE (replaced as a whole, mode 0600; through a link into what it leads to) instead of standard output", 20 },
	{ 0 },
};

#define COLOUR_OPTION { "color", KEY_COLOUR, "WHEN", 0, "auto (default: on a terminal unless NO_COLOR is set), always or never", 20 }
#define RENDERING_OPTIONS(formats)                                                                                                         \
	{                                                                                                                                  \
		{ "format", 'f', formats, 0, "Format (default text)", 20 },                                                                \
		COLOUR_OPTION, { 0 },                                                                                                      \
	}

static const struct argp_option rendering_options[] = RENDERING_OPTIONS("text|json");
static const struct argp_option stack_rendering_options[] = RENDERING_OPTIONS("text|json|folded");
static const struct argp_option colour_options[] = { COLOUR_OPTION, { 0 } };

unsigned hs_options_number(struct argp_state *state, const char *what, const char *text, unsigned min, unsigned max)
{
	char *end;

	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value < min || value > max)
		argp_error(state, "%s must be a number from %u to %u, not '%s'", what, min, max, text);
	return (unsigned)value;
}

/* A decimal number with one letter of `units` behind it, or none; 0 when it is not that, or not below `limit`. */
static uint64_t number_with_unit(const char *text, const char *units, const uint64_t *factors, uint64_t limit)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	uint64_t factor = unit ? factors[unit - units] : 1, product;
	if (!isdigit((unsigned char)*text) || errno || (*end && (!unit || end[1])))
		return 0;
	return __builtin_mul_overflow((uint64_t)value, factor, &product) || product > limit ? 0 : product;
}

unsigned hs_options_duration(struct argp_state *state, const char *what, const char *text)
{
	static const uint64_t factors[] = { 1, 60, 3600, 86400 };
	uint64_t seconds = number_with_unit(text, "smhd", factors, MAX_DURATION_S);

	if (!seconds)
		argp_error(state, "%s must be a time up to 30 days: 90s, 10m, 6h, 2d; not '%s'", what, text);
	return (unsigned)seconds;
}

uint64_t hs_options_bytes(struct argp_state *state, const char *what, const char *text)
{
	static const uint64_t factors[] = { 1 << 10, 1 << 10, 1 << 20, 1 << 20, 1 << 30, 1 << 30 };
	uint64_t bytes = number_with_unit(text, "kKmMgG", factors, INT64_MAX);

	if (!bytes)
		argp_error(state, "%s must be a number of bytes: 4096, 500k, 10M, 1G; not '%s'", what, text);
	return bytes;
}

unsigned hs_options_choice(struct argp_state *state, const char *what, const char *text, const char *const *choices)
{
	HS_FREE char *list = NULL;
	size_t bytes;

	for (unsigned i = 0; choices[i]; i++)
		if (!strcmp(text, choices[i]))
			return i;

	FILE *out = open_memstream(&list, &bytes);
	for (unsigned i = 0; out && choices[i]; i++)
		fprintf(out, "%s%s", i ? ", " : "", choices[i]);
	if (out)
		fclose(out);
	argp_error(state, "unknown %s '%s'; allowed: %s", what, text, list ? list : "");
	return 0;
}

error_t hs_options_second(struct argp_state *state, const char **ret, const char *argument)
{
	const struct hs_invocation *invocation = state->input;

	if (!invocation->source.name)
		return ARGP_ERR_UNKNOWN;
	if (*ret)
		argp_error(state, "too many arguments: '%s'", argument);
	*ret = argument;
	return 0;
}

bool hs_options_address(const char *text, hs_addr *ret)
{
	bool is_hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	const char *digits = is_hex ? text + 2 : text;
	char *end;

	errno = 0;
	if (!(is_hex ? isxdigit((unsigned char)*digits) : isdigit((unsigned char)*digits)))
		return false;
	unsigned long long value = strtoull(digits, &end, is_hex ? 16 : 10);
	if (*end || errno)
		return false;
	*ret = value;
	return true;
}

void hs_options_need_process(struct argp_state *state, const char *option)
{
	const struct hs_invocation *invocation = state->input;

	if (invocation->source.file)
		argp_error(state, "%s watches a running process, and '%s' is a file; 'heapspy diff OLD NEW' compares files", option, invocation->source.name);
}

static void set_file(struct argp_state *state, struct hs_source_options *source)
{
	const struct hs_invocation *invocation = state->input;

	if (!hs_capture_file_name(source->name, &source->file, &source->exe))
		argp_error(state, "'%s' is neither a PID nor a file", source->name);
	if (!invocation->command->takes_files)
		hs_options_need_process(state, invocation->command->name);
}

/* A name as a shell takes it; one that no terminal should see becomes the word for it. */
static char *shell_word(const char *name)
{
	char *word = NULL;

	if (!name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,+@%=-")])
		return strdup(name);
	for (const char *at = name; *at; at++)
		if ((unsigned char)*at < ' ' || (unsigned char)*at > '~' || *at == '\'')
			return strdup("SOURCE");
	return asprintf(&word, "'%s'", name) < 0 ? NULL : word;
}

/* All digits are a PID; a file of such a name is "./4242". */
void hs_options_source(struct argp_state *state, const char *text, struct hs_source_options *ret)
{
	ret->name = text;
	ret->word = shell_word(text);
	if (!*text || text[strspn(text, "0123456789")])
		set_file(state, ret);
	else
		ret->pid = (pid_t)hs_options_number(state, "PID", text, 1, PID_LIMIT);
}

static void set_source(struct argp_state *state, struct hs_source_options *source, const char *text, bool may_be_file)
{
	const struct hs_invocation *invocation = state->input;

	if (source->name)
		argp_error(state, "more than one %s was given: '%s' and '%s'", invocation->command->takes_files ? "source" : "process", source->name, text);
	if (may_be_file) {
		hs_options_source(state, text, source);
		return;
	}
	source->name = text;
	source->word = shell_word(text);
	source->pid = (pid_t)hs_options_number(state, "PID", text, 1, PID_LIMIT);
}

/* What the options say together. */
static void check_source(struct argp_state *state, const struct hs_source_options *source)
{
	const struct hs_invocation *invocation = state->input;

	if (!source->name)
		argp_error(state, "which process%s? PID is missing ('heapspy ps' lists the Python processes)",
			   invocation->command->takes_files ? ", core or snapshot" : "");
	if (source->capture.nonblocking)
		hs_options_need_process(state, "--nonblocking");
	if (source->has_max_pause)
		hs_options_need_process(state, "--max-pause");
	if (source->lib_search_root && !source->file)
		argp_error(state, "--lib-search-root is for cores; a process has its files");
}

static error_t parse_source(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct hs_source_options *source = &invocation->source;

	switch (key) {
	case ARGP_KEY_INIT:
		source->capture.max_pause_ms = DEFAULT_MAX_PAUSE_MS;
		return 0;
	case ARGP_KEY_ARG:
	case 'p':
		set_source(state, source, argument, key == ARGP_KEY_ARG);
		return 0;
	case 'j':
		source->capture.n_workers = hs_options_number(state, "--jobs", argument, 1, 1024);
		return 0;
	case KEY_MAX_PAUSE:
		source->capture.max_pause_ms = hs_options_number(state, "--max-pause", argument, 1, INT_MAX);
		source->has_max_pause = true;
		return 0;
	case KEY_NONBLOCKING:
		source->capture.nonblocking = true;
		return 0;
	case KEY_LIB_SEARCH_ROOT:
		source->lib_search_root = argument;
		return 0;
	case KEY_DEBUG_DIR:
		source->layout.debug_dir = argument;
		return 0;
	case KEY_NO_CACHE:
		source->layout.no_cache = true;
		return 0;
	case KEY_NO_DWARF:
		source->layout.no_dwarf = true;
		return 0;
	case KEY_WITHOUT_TABLE:
		source->layout.without_table = argument;
		return 0;
	case ARGP_KEY_END:
		if (!invocation->command->has_own_sources)
			check_source(state, source);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_file(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;

	if (key != 'o')
		return ARGP_ERR_UNKNOWN;
	if (!*argument)
		argp_error(state, "--output needs a file name");
	invocation->output.path = argument;
	return 0;
}

static error_t parse_rendering(int key, char *argument, struct argp_state *state)
{
	static const char *const formats[] = { [HS_FORMAT_TEXT] = "text", [HS_FORMAT_JSON] = "json", NULL };
	static const char *const stack_formats[] = { [HS_FORMAT_TEXT] = "text", [HS_FORMAT_JSON] = "json", [HS_FORMAT_FOLDED] = "folded", NULL };
	static const char *const colours[] = { [HS_COLOUR_AUTO] = "auto", [HS_COLOUR_ALWAYS] = "always",
					       [HS_COLOUR_NEVER] = "never", NULL };
	struct hs_invocation *invocation = state->input;
	struct hs_output_options *output = &invocation->output;

	switch (key) {
	case 'f':
		output->format = (enum hs_format)hs_options_choice(state, "format", argument, invocation->command->has_stacks ? stack_formats : formats);
		return 0;
	case KEY_COLOUR:
		output->colour = (enum hs_colour)hs_options_choice(state, "--color", argument, colours);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp_option *hs_options_of_source(void)
{
	return source_options;
}

const struct argp_option *hs_options_of_file(void)
{
	return file_options;
}

const struct argp_option *hs_options_of_rendering(void)
{
	return rendering_options;
}

static const struct argp source_argp = { .options = source_options, .parser = parse_source };
static const struct argp file_argp = { .options = file_options, .parser = parse_file };
static const struct argp rendering_argp = { .options = rendering_options, .parser = parse_rendering };
static const struct argp stack_rendering_argp = { .options = stack_rendering_options, .parser = parse_rendering };
static const struct argp colour_argp = { .options = colour_options, .parser = parse_rendering };

static const struct argp *rendering_of(const struct hs_command *command)
{
	if (command->has_own_format)
		return &colour_argp;
	return command->has_stacks ? &stack_rendering_argp : &rendering_argp;
}

/* The command's own parser, with the invocation handed on to the common groups. */
static error_t parse_command(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;

	if (key == ARGP_KEY_INIT) {
		for (size_t i = 0; state->root_argp->children && state->root_argp->children[i].argp; i++)
			state->child_inputs[i] = invocation;
	}
	return invocation->command->parse ? invocation->command->parse(key, argument, state) : ARGP_ERR_UNKNOWN;
}

/* What is needed to call argp for one command; `argp` points into it. */
struct parser {
	struct argp argp;
	struct argp_child children[4];
	char *doc;
	char *name;
};

static void parser_deinit(struct parser *parser)
{
	free(parser->doc);
	free(parser->name);
}

static void parser_init(struct parser *parser, const struct hs_command *command)
{
	size_t n_children = 0;

	*parser = (struct parser){ 0 };
	if (command->needs >= HS_STAGE_PID)
		parser->children[n_children++] = (struct argp_child){ .argp = &source_argp };
	if (command->has_output || command->has_file)
		parser->children[n_children++] = (struct argp_child){ .argp = &file_argp };
	if (command->has_output)
		parser->children[n_children++] = (struct argp_child){ .argp = rendering_of(command) };
	const char *description = command->description ? command->description : "";
	if (asprintf(&parser->doc, "%s.%s%s\vExamples:\n%s", command->summary, *description ? "\n\n" : "", description,
		     command->examples) < 0 ||
	    asprintf(&parser->name, "heapspy %s", command->name) < 0) {
		fputs("heapspy: out of memory\n", stderr);
		exit(EX_OSERR);
	}
	parser->argp = (struct argp){ .options = command->options, .parser = parse_command, .args_doc = command->usage,
				      .doc = parser->doc, .children = parser->children };
}

void hs_options_parse(struct hs_invocation *invocation, int argc, char **argv)
{
	HS_CLEANUP(parser_deinit) struct parser parser;

	parser_init(&parser, invocation->command);
	argp_program_version = "heapspy " HEAPSPY_VERSION;
	argv[0] = parser.name;
	argp_parse(&parser.argp, argc, argv, 0, NULL, invocation);
	argv[0] = (char *)"heapspy";
}

void hs_options_print_help(const struct hs_command *command, FILE *out)
{
	HS_CLEANUP(parser_deinit) struct parser parser;

	parser_init(&parser, command);
	argp_help(&parser.argp, out, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK & ~(unsigned)ARGP_HELP_EXIT_ERR, parser.name);
}
