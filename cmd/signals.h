/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGINT, SIGTERM and SIGHUP while a process is looked at: the first one ends the running capture, which lets the process go, and is
 * remembered; a second one kills at once. Which of them was ignored before stays so.
 */
#ifndef HS_SIGNALS_H
#define HS_SIGNALS_H

/* From here to hs_signals_restore() signals are caught. May be called again. One thread at a time. */
void hs_signals_catch(void);
/* They do again what they did before; harmless when nothing is caught. */
void hs_signals_restore(void);
/* Goes on after a first signal as if there had been none. A second one kills all the same. */
void hs_signals_forgive(void);
/* The number of the signal that was caught; 0: none. Any thread. */
int hs_signals_caught(void);

#endif
