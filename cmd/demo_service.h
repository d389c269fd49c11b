/* SPDX-License-Identifier: Apache-2.0 */
/* demo_service.py, put into the program when it is built. */
#ifndef HS_DEMO_SERVICE_H
#define HS_DEMO_SERVICE_H

#include <stddef.h>

extern const char hs_demo_service[]; /* not NUL-terminated */
extern const size_t hs_demo_service_bytes;

#endif
