/* SPDX-License-Identifier: Apache-2.0 */
/* Typing a line. Filters and searches are carried out with every key. */
#include "prompt.h"

#include <stdio.h>
#include <string.h>

#include "order.h"

const char *hs_prompt_label(enum hs_mode mode)
{
	static const char *const labels[] = {
		[HS_MODE_BROWSE] = "", [HS_MODE_HELP] = "", [HS_MODE_FILTER] = "filter: ", [HS_MODE_SEARCH] = "/", [HS_MODE_COMMAND] = ":",
		[HS_MODE_WRITE] = "write to file: ", [HS_MODE_SNAPSHOT] = "save snapshot to: ",
	};

	return labels[mode];
}

void hs_prompt_open(struct hs_update *update, enum hs_mode mode, const char *text)
{
	update->state->mode = mode;
	snprintf(update->state->prompt, sizeof(update->state->prompt), "%s", text);
}

static void append(char *line, uint32_t code)
{
	size_t n = strlen(line);
	unsigned char bytes[4];
	size_t n_bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	if (n + n_bytes + 1 > HS_PROMPT_BYTES)
		return;
	for (size_t i = n_bytes; i-- > 1; code >>= 6)
		bytes[i] = (unsigned char)(0x80 | (code & 0x3f));
	bytes[0] = (unsigned char)(heads[n_bytes] | code);
	memcpy(line + n, bytes, n_bytes);
	line[n + n_bytes] = '\0';
}

static void drop_last(char *line)
{
	size_t n = strlen(line);

	while (n && (line[n - 1] & 0xc0) == 0x80)
		n--;
	line[n ? n - 1 : 0] = '\0';
}

static void drop_word(char *line)
{
	size_t n = strlen(line);

	while (n && line[n - 1] == ' ')
		n--;
	while (n && line[n - 1] != ' ')
		n--;
	line[n] = '\0';
}

/* Filter and search show at once what they do. */
static void try_out(struct hs_update *update)
{
	struct hs_state *state = update->state;

	if (state->mode == HS_MODE_FILTER) {
		snprintf(update->spot->filter, sizeof(update->spot->filter), "%.*s", HS_FILTER_BYTES - 1, state->prompt);
		update->is_reordered = true;
	}
	if (state->mode == HS_MODE_SEARCH) {
		*update->spot = state->before_search;
		hs_order_search(state, update->data->page, state->prompt, 1, true);
	}
}

static void accept(struct hs_update *update)
{
	struct hs_state *state = update->state;
	enum hs_mode mode = state->mode;

	state->mode = HS_MODE_BROWSE;
	if (mode == HS_MODE_SEARCH) {
		snprintf(state->search, sizeof(state->search), "%.*s", HS_FILTER_BYTES - 1, state->prompt);
		if (state->search[0] && !hs_order_search(state, update->data->page, state->search, 1, true))
			hs_state_say(state, true, "no row with '%s'", state->search);
	} else if (mode == HS_MODE_COMMAND) {
		hs_command_line_run(update, state->prompt);
	} else if ((mode == HS_MODE_WRITE || mode == HS_MODE_SNAPSHOT) && state->prompt[0]) {
		update->effects.flags |= mode == HS_MODE_WRITE ? HS_EFFECT_WRITE : HS_EFFECT_SNAPSHOT;
		snprintf(update->effects.text, sizeof(update->effects.text), "%s", state->prompt);
	}
}

static void give_up(struct hs_update *update)
{
	struct hs_state *state = update->state;

	if (state->mode == HS_MODE_SEARCH)
		*update->spot = state->before_search;
	if (state->mode == HS_MODE_FILTER) {
		update->spot->filter[0] = '\0';
		update->is_reordered = true;
	}
	state->mode = HS_MODE_BROWSE;
}

void hs_prompt_key(struct hs_update *update, uint32_t key)
{
	char *line = update->state->prompt;

	switch (key) {
	case HS_KEY_ENTER:
		accept(update);
		return;
	case HS_KEY_ESCAPE:
		give_up(update);
		return;
	case HS_KEY_BACKSPACE:
	case HS_KEY_CONTROL('H'):
		drop_last(line);
		break;
	case HS_KEY_CONTROL('U'):
		line[0] = '\0';
		break;
	case HS_KEY_CONTROL('W'):
		drop_word(line);
		break;
	case HS_KEY_TAB:
		if (update->state->mode == HS_MODE_COMMAND)
			hs_command_line_complete(update, line);
		break;
	default:
		if (key >= ' ' && key < HS_KEY_UP && key != HS_KEY_BACKSPACE)
			append(line, key);
	}
	try_out(update);
}
