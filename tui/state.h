/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the browser stands: places visited, the row that is selected, order, filter, what is being typed. hs_state_update() is
 * the only way it changes; it touches no terminal and no process, and says what others have to do as effects.
 */
#ifndef HS_STATE_H
#define HS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "array.h"
#include "data.h"
#include "error.h"
#include "page.h"

#define HS_MIN_WIDTH 50
#define HS_MIN_HEIGHT 12

#define HS_FILTER_BYTES 128
#define HS_PROMPT_BYTES 512
#define HS_SPOTS 64

/* A place that was visited, and how it was left. */
struct hs_spot {
	struct hs_page_place place;
	int parent;                /* the spot that led here; -1: none */
	uint64_t selected;         /* the row's key … */
	bool is_following;         /* … that the selection stays on; else it stays in the first row until somebody moves */
	unsigned section;          /* of the selection */
	size_t row;                /* in the order shown */
	size_t top[HS_PAGE_SECTIONS]; /* rows scrolled out above */
	int sort;                  /* column of the sortable section; -1: as it came */
	bool is_inverted;
	bool only_tagged;
	char filter[HS_FILTER_BYTES];
};

enum hs_mode {
	HS_MODE_BROWSE,
	HS_MODE_HELP,
	HS_MODE_FILTER,
	HS_MODE_SEARCH,
	HS_MODE_COMMAND,
	HS_MODE_WRITE,
	HS_MODE_SNAPSHOT,
};

HS_ARRAY_TYPE(hs_row_order, uint32_t);

struct hs_state {
	unsigned width, height;    /* of the screen */
	struct hs_spot spots[HS_SPOTS];
	int n_spots, spot;         /* the one shown */
	enum hs_mode mode;
	char prompt[HS_PROMPT_BYTES];
	char search[HS_FILTER_BYTES];
	struct hs_spot before_search; /* to come back to when a search is given up */
	size_t help_top;
	HS_ARRAY(uint64_t) tags;   /* keys */
	bool is_frozen;
	char message[256];         /* until the next key; "": none */
	bool is_complaint;
	struct hs_row_order order[HS_PAGE_SECTIONS]; /* rows of the page shown: filtered, sorted */
	unsigned n_sections;       /* of that page; 0: there is none */
	char suggested_file[64];   /* for writing a view */
	char suggested_snapshot[64];
};

enum hs_event_kind {
	HS_EVENT_KEY,    /* `key` */
	HS_EVENT_CLICK,  /* at x, y */
	HS_EVENT_WHEEL,  /* `key`: HS_KEY_UP, HS_KEY_DOWN */
	HS_EVENT_RESIZE, /* to x, y */
	HS_EVENT_DATA,   /* there is another page, or header */
};

struct hs_event {
	enum hs_event_kind kind;
	uint32_t key; /* enum hs_key, or a character */
	unsigned x, y;
};

/* What others have to do; bits. */
enum hs_effect {
	HS_EFFECT_QUIT = 1,
	HS_EFFECT_GO = 2,        /* the place is another one: its page is wanted */
	HS_EFFECT_SAMPLE = 4,
	HS_EFFECT_FREEZE = 8,    /* as state->is_frozen says */
	HS_EFFECT_CANCEL = 16,
	HS_EFFECT_BASELINE = 32,
	HS_EFFECT_INTERVAL = 64, /* as `interval_ms` says; or by `steps` longer or shorter */
	HS_EFFECT_WRITE = 128,   /* the view to the file `text` */
	HS_EFFECT_COPY = 256,    /* `text` to the clipboard */
	HS_EFFECT_REDRAW = 512,
	HS_EFFECT_SNAPSHOT = 1024, /* the sample to the file `text` */
};

struct hs_effects {
	unsigned flags;
	int steps;
	uint64_t interval_ms;
	char text[HS_PROMPT_BYTES];
};

/* Begins at the types. Free it with hs_state_deinit. */
void hs_state_init(struct hs_state *state, unsigned width, unsigned height);
void hs_state_deinit(struct hs_state *state);

/* Memory that is missing shows as rows that are missing, until the next event. */
struct hs_effects hs_state_update(struct hs_state *state, const struct hs_data *data, const struct hs_event *event);

/* For who carries effects out: what to say in the last line. */
void hs_state_say(struct hs_state *state, bool is_complaint, const char *format, ...) HS_PRINTF(3, 4);

static inline const struct hs_spot *hs_state_spot(const struct hs_state *state)
{
	return &state->spots[state->spot];
}

/* The selected row; NULL: there is none. */
const struct hs_row *hs_state_selected(const struct hs_state *state, const struct hs_page *page);
bool hs_state_is_tagged(const struct hs_state *state, uint64_t key);

#endif
