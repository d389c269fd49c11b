/* SPDX-License-Identifier: Apache-2.0 */
/* A browser without a terminal and without a process: made-up pages, keys as strings, the screen as text. */
#ifndef TUI_SAMPLE_H
#define TUI_SAMPLE_H

#include "canvas.h"
#include "state.h"

struct tui_sample {
	struct hs_state state;
	struct hs_data data;
	struct hs_canvas canvas;
	struct hs_page *page;
	struct hs_effects effects; /* of the last event */
	bool utf8;
};

void tui_sample_init(struct tui_sample *sample, unsigned width, unsigned height, bool utf8);
void tui_sample_deinit(struct tui_sample *sample);

/* The page of the place that the state is at; taken over. */
void tui_sample_show(struct tui_sample *sample, struct hs_page *page);

/* Pages as the session makes them. */
struct hs_page *tui_sample_types(unsigned serial); /* of that sample: the order by growth differs from 1 to 3 */
struct hs_page *tui_sample_many_types(unsigned n);
struct hs_page *tui_sample_instances(void);
struct hs_page *tui_sample_object(void);
struct hs_page *tui_sample_retained(void);

/* One key, or several characters that are typed. */
void tui_sample_key(struct tui_sample *sample, uint32_t key);
void tui_sample_type(struct tui_sample *sample, const char *text);
void tui_sample_event(struct tui_sample *sample, const struct hs_event *event);
void tui_sample_resize(struct tui_sample *sample, unsigned width, unsigned height);

/* The first text of the selected row; "": none. */
const char *tui_sample_selected(const struct tui_sample *sample);
/* The screen, row by row; the caller frees it. `with_styles`: below each row a letter for the style of each cell. */
char *tui_sample_screen(struct tui_sample *sample, bool with_styles);

#endif
