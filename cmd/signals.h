/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGINT, SIGTERM and SIGHUP while a process is looked at: the first one ends the running capture, which lets the process go, and is
 * remembered; a second one kills at once.
 */
#ifndef HS_SIGNALS_H
#define HS_SIGNALS_H

/* From here to hs_signals_restore() signals are caught. May be called again. */
void hs_signals_catch(void);
void hs_signals_restore(void);
/* The number of the signal that was caught; 0: none. Any thread. */
int hs_signals_caught(void);

#endif
