/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, and what they ask for: the table in keys.def. Knows no terminal's codes. */
#ifndef HS_KEYS_H
#define HS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "page.h"

/* Keys that are no characters, behind Unicode's last. */
enum hs_key {
	HS_KEY_NONE = 0,
	HS_KEY_TAB = 9,
	HS_KEY_ENTER = 10,
	HS_KEY_ESCAPE = 27,
	HS_KEY_BACKSPACE = 127,
	HS_KEY_UP = 0x110000,
	HS_KEY_DOWN,
	HS_KEY_LEFT,
	HS_KEY_RIGHT,
	HS_KEY_PAGE_UP,
	HS_KEY_PAGE_DOWN,
	HS_KEY_HOME,
	HS_KEY_END,
	HS_KEY_DELETE,
	HS_KEY_BACK_TAB,
};

#define HS_KEY_CONTROL(letter) ((letter) & 0x1f)

enum hs_request {
	HS_REQUEST_NONE,
	HS_REQUEST_UP,
	HS_REQUEST_DOWN,
	HS_REQUEST_PAGE_UP,
	HS_REQUEST_PAGE_DOWN,
	HS_REQUEST_TOP,
	HS_REQUEST_BOTTOM,
	HS_REQUEST_ENTER,
	HS_REQUEST_OBJECT,
	HS_REQUEST_SUSPECT,
	HS_REQUEST_BACK,
	HS_REQUEST_EARLIER,
	HS_REQUEST_LATER,
	HS_REQUEST_NEXT_VIEW,
	HS_REQUEST_PREVIOUS_VIEW,
	HS_REQUEST_SORT_LEFT,
	HS_REQUEST_SORT_RIGHT,
	HS_REQUEST_INVERT,
	HS_REQUEST_SORT_GROWTH,
	HS_REQUEST_SORT_SIZE,
	HS_REQUEST_FILTER,
	HS_REQUEST_SEARCH,
	HS_REQUEST_SEARCH_NEXT,
	HS_REQUEST_SEARCH_PREVIOUS,
	HS_REQUEST_TAG,
	HS_REQUEST_ONLY_TAGGED,
	HS_REQUEST_UNTAG,
	HS_REQUEST_BY_HOLDER,
	HS_REQUEST_SAMPLE,
	HS_REQUEST_FREEZE,
	HS_REQUEST_LONGER,
	HS_REQUEST_SHORTER,
	HS_REQUEST_BASELINE,
	HS_REQUEST_CANCEL,
	HS_REQUEST_COMMAND,
	HS_REQUEST_WRITE,
	HS_REQUEST_SNAPSHOT,
	HS_REQUEST_COPY,
	HS_REQUEST_REDRAW,
	HS_REQUEST_HELP,
	HS_REQUEST_QUIT,
};

#define HS_IN(view) (1u << (view))
#define HS_ANYWHERE (~0u)
#define HS_SORTABLE_VIEWS (HS_IN(HS_VIEW_TYPES) | HS_IN(HS_VIEW_INSTANCES) | HS_IN(HS_VIEW_RETAINED) | HS_IN(HS_VIEW_LINES))

struct hs_binding {
	enum hs_request request; /* HS_REQUEST_NONE: begins a group, whose title is `help` */
	uint32_t key;
	unsigned views; /* a bit each */
	const char *name, *footer, *help; /* see keys.def */
};

extern const struct hs_binding hs_bindings[];
extern const size_t hs_n_bindings;

/* It is about samples to come, of which a file has none. */
bool hs_request_is_live(enum hs_request request);
/* What a key asks for in a view; HS_REQUEST_NONE: nothing. */
enum hs_request hs_keys_request(uint32_t key, enum hs_view_id view);

#endif
