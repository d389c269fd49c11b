/* SPDX-License-Identifier: Apache-2.0 */
/* Typed commands: one table of what there is, and what may follow each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "order.h"
#include "prompt.h"
#include "view.h"

#define MAX_INTERVAL_S (30 * 86400u)

struct typed_command {
	const char *name;
	const char *argument; /* what to say when it is missing or wrong */
	/* False: the argument is none. */
	bool (*run)(struct hs_update *update, const char *argument);
	/* The i-th word that may follow; NULL: no more. */
	const char *(*choice)(const struct hs_update *update, unsigned i);
};

static bool run_view(struct hs_update *update, const char *argument)
{
	enum hs_view_id view = hs_view_find(argument);

	if (view == HS_N_VIEWS)
		return false;
	hs_update_view(update, view);
	return true;
}

static const char *choose_view(const struct hs_update *update, unsigned i)
{
	enum hs_view_id view = hs_view_tab(i);

	(void)update;
	return view == HS_N_VIEWS ? NULL : hs_views[view].name;
}

static bool run_sort(struct hs_update *update, const char *argument)
{
	int column = hs_section_column(hs_page_sortable(update->data->page), argument);

	if (column < 0)
		return false;
	update->spot->sort = column;
	update->spot->is_inverted = false;
	update->is_reordered = true;
	return true;
}

static const char *choose_column(const struct hs_update *update, unsigned i)
{
	const struct hs_section *section = hs_page_sortable(update->data->page);

	for (unsigned column = 0; section && column < section->n_columns; column++)
		if (section->columns[column].name && i-- == 0)
			return section->columns[column].name;
	return NULL;
}

static bool run_filter(struct hs_update *update, const char *argument)
{
	snprintf(update->spot->filter, sizeof(update->spot->filter), "%.*s", HS_FILTER_BYTES - 1, argument);
	update->is_reordered = true;
	return true;
}

static bool run_interval(struct hs_update *update, const char *argument)
{
	char *end;
	double seconds = strtod(argument, &end);

	if (end == argument || *end || !(seconds >= 0.1 && seconds <= MAX_INTERVAL_S) || update->data->header.file[0])
		return false;
	update->effects.flags |= HS_EFFECT_INTERVAL;
	update->effects.interval_ms = (uint64_t)(seconds * 1000);
	return true;
}

static bool run_by(struct hs_update *update, const char *argument)
{
	bool by_holder = !strcasecmp(argument, "holder");

	if ((!by_holder && strcasecmp(argument, "type")) || update->spot->place.view != HS_VIEW_TYPES)
		return false;
	if (update->spot->place.by_holder != by_holder)
		hs_update_request(update, HS_REQUEST_BY_HOLDER);
	return true;
}

static const char *choose_by(const struct hs_update *update, unsigned i)
{
	static const char *const choices[] = { "type", "holder", NULL };

	(void)update;
	return i < 2 ? choices[i] : NULL;
}

static bool run_write(struct hs_update *update, const char *argument)
{
	if (!*argument)
		return false;
	update->effects.flags |= HS_EFFECT_WRITE;
	snprintf(update->effects.text, sizeof(update->effects.text), "%s", argument);
	return true;
}

static bool run_snapshot(struct hs_update *update, const char *argument)
{
	update->effects.flags |= HS_EFFECT_SNAPSHOT;
	snprintf(update->effects.text, sizeof(update->effects.text), "%s", *argument ? argument : update->state->suggested_snapshot);
	return *update->effects.text;
}

static bool run_baseline(struct hs_update *update, const char *argument)
{
	hs_update_request(update, HS_REQUEST_BASELINE);
	return !*argument;
}

static bool run_help(struct hs_update *update, const char *argument)
{
	hs_update_request(update, HS_REQUEST_HELP);
	return !*argument;
}

static bool run_quit(struct hs_update *update, const char *argument)
{
	hs_update_request(update, HS_REQUEST_QUIT);
	return !*argument;
}

static const struct typed_command commands[] = {
	{ "view", "which view?", run_view, choose_view },
	{ "sort", "by which column?", run_sort, choose_column },
	{ "filter", "", run_filter, NULL },
	{ "by", "holder or type, in the view of types", run_by, choose_by },
	{ "interval", "how many seconds? (not of a file)", run_interval, NULL },
	{ "baseline", "takes nothing", run_baseline, NULL },
	{ "snapshot", "to which file?", run_snapshot, NULL },
	{ "write", "to which file?", run_write, NULL },
	{ "help", "takes nothing", run_help, NULL },
	{ "quit", "takes nothing", run_quit, NULL },
};

#define N_COMMANDS (sizeof(commands) / sizeof(*commands))

/* The command that the word is, or the only one that begins with it. */
static const struct typed_command *find_command(const char *word, size_t n)
{
	const struct typed_command *found = NULL;

	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strncasecmp(commands[i].name, word, n))
			continue;
		if (strlen(commands[i].name) == n)
			return &commands[i];
		if (found)
			return NULL;
		found = &commands[i];
	}
	return found;
}

void hs_command_line_run(struct hs_update *update, char *line)
{
	line += strspn(line, " ");
	for (size_t end = strlen(line); end && line[end - 1] == ' ';) /* what is completed has one behind it */
		line[--end] = '\0';
	size_t n = strcspn(line, " ");
	const struct typed_command *command = n ? find_command(line, n) : NULL;
	const char *argument = line + n + strspn(line + n, " ");

	if (!n)
		return;
	if (!command)
		hs_state_say(update->state, true, "no command '%.*s'; there are view, sort, filter, by, interval, baseline, snapshot, write, help, quit", (int)n, line);
	else if (!command->run(update, argument))
		hs_state_say(update->state, true, "%s '%s': %s", command->name, argument, command->argument);
}

static const char *command_name(const struct hs_update *update, unsigned i)
{
	(void)update;
	return i < N_COMMANDS ? commands[i].name : NULL;
}

/* What all choices that begin with the first `n` bytes of `word` have in common, appended to it. */
static void complete_word(const struct hs_update *update, char *word, size_t room, const char *(*choice)(const struct hs_update *, unsigned))
{
	size_t n = strlen(word), common = 0;
	const char *first = NULL, *text;
	unsigned n_fitting = 0;

	for (unsigned i = 0; (text = choice(update, i)); i++) {
		if (strncasecmp(text, word, n))
			continue;
		size_t same = 0;
		while (first && text[same] && text[same] == first[same])
			same++;
		common = !n_fitting ? strlen(text) : same < common ? same : common;
		first = first ? first : text;
		n_fitting++;
	}
	if (first && common + 2 < room)
		snprintf(word, room, "%.*s%s", (int)common, first, n_fitting == 1 ? " " : "");
}

void hs_command_line_complete(const struct hs_update *update, char *line)
{
	size_t n = strcspn(line, " ");
	const struct typed_command *command = find_command(line, n);
	char *word = line + n + strspn(line + n, " ");

	if (!line[n])
		complete_word(update, line, HS_PROMPT_BYTES, command_name);
	else if (command && command->choice && !strchr(word, ' '))
		complete_word(update, word, HS_PROMPT_BYTES - (size_t)(word - line), command->choice);
}
