/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that work for others. */
#ifndef HS_QUIET_THREAD_H
#define HS_QUIET_THREAD_H

#include <pthread.h>

/*
 * As pthread_create(), for a thread that no signal from outside interrupts: these are for whoever waits for it. What it brings about itself,
 * by a crash, is delivered to it, and so are such signals to the threads that it starts in turn. Returns an errno or 0.
 */
int hs_thread_start(pthread_t *ret, void *(*run)(void *argument), void *argument);

#endif
