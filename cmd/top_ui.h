/* SPDX-License-Identifier: Apache-2.0 */
/* The browser at work: between the terminal, the state and the session. */
#ifndef HS_TOP_UI_H
#define HS_TOP_UI_H

#include "error.h"
#include "top_session.h"

/*
 * Shows the session on the terminal until the user leaves, or SIGINT, SIGTERM or SIGHUP comes; the terminal is given back then.
 * *ret_signal: which one; 0: the user left. Errors: UNSUPPORTED, NO_MEMORY, OS.
 */
struct hs_error *hs_top_ui_run(struct hs_top_session *session, bool is_plain, int *ret_signal) HS_MUST_CHECK;

#endif
